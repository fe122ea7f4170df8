"""The words of the domain: lock modes, SQLSTATE classes, spans and units, catalog images, verdicts, errors."""
