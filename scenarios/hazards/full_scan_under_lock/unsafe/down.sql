ALTER TABLE parcels DROP CONSTRAINT parcels_grams_sane;
