-- Microseconds since 1970 by the server's clock; exact, where a float of seconds would not be.
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
