UPDATE cards SET currency = NULL;
UPDATE accounts SET currency = NULL;
