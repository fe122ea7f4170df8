-- The filled column goes with step 001.
SELECT 1;
