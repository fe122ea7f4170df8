ALTER TABLE prices DISABLE TRIGGER prices_noted;
UPDATE prices SET cents = cents WHERE id <= 10;
ALTER TABLE prices ENABLE TRIGGER prices_noted;
