"""The application: open-loop traffic in processes of its own, its values, and sessions that make life hard."""
