-- The step before vacuums.
SELECT 1;
