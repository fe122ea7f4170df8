-- What a new session of the database starts with, in milliseconds.
SELECT (SELECT setting::int FROM pg_settings WHERE name = 'lock_timeout'),
       (SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout')
