UPDATE cards SET currency = 'EUR';
UPDATE accounts SET currency = 'EUR';
