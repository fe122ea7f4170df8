ALTER TABLE letters ADD COLUMN zone text;
UPDATE letters SET zone = left(postcode, 2) WHERE id > 0 AND id <= 15000 AND zone IS NULL;
UPDATE letters SET zone = left(postcode, 2) WHERE id > 15000 AND id <= 30000 AND zone IS NULL;
UPDATE letters SET zone = left(postcode, 2) WHERE id > 30000 AND id <= 45000 AND zone IS NULL;
UPDATE letters SET zone = left(postcode, 2) WHERE id > 45000 AND id <= 60000 AND zone IS NULL;
UPDATE letters SET zone = left(postcode, 2) WHERE id > 60000 AND id <= 75000 AND zone IS NULL;
UPDATE letters SET zone = left(postcode, 2) WHERE id > 75000 AND id <= 90000 AND zone IS NULL;
UPDATE letters SET zone = left(postcode, 2) WHERE id > 90000 AND id <= 105000 AND zone IS NULL;
UPDATE letters SET zone = left(postcode, 2) WHERE id > 105000 AND id <= 120000 AND zone IS NULL;
