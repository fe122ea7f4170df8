"""The safer way, as SQL for the very statement: built from its parse tree, not from a template with blanks."""
