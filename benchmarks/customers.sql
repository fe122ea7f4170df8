CREATE TABLE customers (
    id bigint NOT NULL,
    email text NOT NULL,
    login text NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    phone text,
    status text NOT NULL,
    balance numeric(12, 2) NOT NULL,
    created_at timestamptz NOT NULL
);
INSERT INTO customers
SELECT
    g,
    left(h, 9) || '.' || g || '@' || substr(h, 10, 6) || '.example',
    'user' || g || substr(h, 16, 4),
    initcap(translate(md5((g % 4000)::text), '0123456789', 'ghijklmnop')::varchar(8)),
    initcap(translate(md5((g % 30000 + 5000)::text), '0123456789', 'ghijklmnop')::varchar(10)),
    CASE WHEN g % 10 > 0 THEN '+49 ' || (1500000000 + g::bigint * 7919 % 99999999)::text END,
    (ARRAY['new', 'open', 'paid', 'gone'])[1 + g % 4],
    (g * 37) % 100000 / 100.0,
    timestamptz '2020-01-01 00:00+00' + g * interval '97 seconds'
FROM (SELECT g, md5(g::text) AS h FROM generate_series(1, :rows) AS g) AS made;
ALTER TABLE customers ADD PRIMARY KEY (id);
CREATE UNIQUE INDEX customers_email ON customers (email);
CREATE UNIQUE INDEX customers_login ON customers (login);
CREATE INDEX customers_name ON customers (last_name, first_name);
CREATE INDEX customers_phone ON customers (phone);
CREATE INDEX customers_created_at ON customers (created_at);
