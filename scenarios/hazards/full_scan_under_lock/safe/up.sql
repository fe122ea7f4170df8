ALTER TABLE parcels ADD CONSTRAINT parcels_grams_sane CHECK (grams BETWEEN 1 AND 31500) NOT VALID;
-- SHARE UPDATE EXCLUSIVE: reads and writes go on while the rows are read.
ALTER TABLE parcels VALIDATE CONSTRAINT parcels_grams_sane;
