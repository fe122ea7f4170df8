ALTER TABLE prices ENABLE TRIGGER prices_noted;
