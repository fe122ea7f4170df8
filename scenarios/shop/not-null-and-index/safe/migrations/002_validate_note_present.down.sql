-- A validated constraint need not become unvalidated again: step 001 removes it.
SELECT 1;
