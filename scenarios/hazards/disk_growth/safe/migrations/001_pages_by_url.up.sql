CREATE INDEX CONCURRENTLY pages_by_url ON pages USING hash (url);
