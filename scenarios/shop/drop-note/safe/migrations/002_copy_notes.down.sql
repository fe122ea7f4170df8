-- The copies go with their table in step 001.
SELECT 1;
