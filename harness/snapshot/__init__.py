"""The data: recognising, restoring and preparing dumps, once for each content, to be cloned by the engines."""
