-- The value stays.
SELECT 1;
