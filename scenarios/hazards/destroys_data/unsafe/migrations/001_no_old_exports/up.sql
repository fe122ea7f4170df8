DROP TABLE old_exports;
