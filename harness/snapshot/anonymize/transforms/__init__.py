"""One file a family of transforms; `compile.compile_transform` chooses the one for a column."""
