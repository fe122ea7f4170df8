"""The scenario's format for editors and people: JSON Schema and reference, made from the types."""
