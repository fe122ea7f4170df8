"""The view model, then one renderer a file; each returns text or bytes and writes nothing."""
