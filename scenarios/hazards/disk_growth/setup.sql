-- Long addresses of web pages.
CREATE TABLE pages (
  id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  url  text NOT NULL
);
INSERT INTO pages (url)
  SELECT 'https://example.org/' || md5(n::text) || md5((-n)::text) || md5((n * 7)::text) || md5((n * 11)::text) FROM generate_series(1, :rows) AS n;
