-- One of every kind of object that a schema image must tell.
CREATE ROLE zoo_app LOGIN PASSWORD 'x';
CREATE ROLE zoo_boss;
CREATE ROLE zoo_super SUPERUSER;
GRANT zoo_app TO zoo_boss;
CREATE SCHEMA shop AUTHORIZATION zoo_app;
CREATE TYPE shop.mood AS ENUM ('bad', 'ok');
CREATE TYPE shop.pair AS (a int, b text);
CREATE TYPE shop.span AS RANGE (subtype = int4);
CREATE DOMAIN shop.pos AS int NOT NULL CHECK (value > 0);
CREATE COLLATION shop.c FROM "C";
CREATE SEQUENCE shop.free INCREMENT 5 CACHE 3;
CREATE TABLE shop.users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text COLLATE "C" UNIQUE,
    n shop.pos DEFAULT 1,
    p shop.pair,
    shout text GENERATED ALWAYS AS (upper(email)) STORED
);
CREATE TABLE shop.orders (
    id serial PRIMARY KEY,
    user_id bigint REFERENCES shop.users,
    status shop.mood NOT NULL DEFAULT 'ok',
    amount numeric(10, 2),
    note text,
    CONSTRAINT amt CHECK (amount >= 0),
    EXCLUDE USING btree (note WITH =)
) WITH (fillfactor = 70);
ALTER TABLE shop.orders ADD CONSTRAINT nv CHECK (amount < 1e6) NOT VALID;
CREATE INDEX orders_note ON shop.orders (lower(note)) WHERE amount > 5;
CREATE STATISTICS shop.st (dependencies) ON user_id, amount FROM shop.orders;
CREATE VIEW shop.v AS SELECT id, email FROM shop.users;
CREATE MATERIALIZED VIEW shop.mv AS SELECT count(*) AS n FROM shop.orders;
CREATE TABLE shop.ev (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE shop.ev_1 PARTITION OF shop.ev FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE shop.ev_d PARTITION OF shop.ev DEFAULT;
CREATE INDEX ON shop.ev (id);
CREATE FUNCTION shop.f(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION shop.g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE FUNCTION shop.et() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE PROCEDURE shop.pr() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE shop.agg(int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE OPERATOR shop.=== (leftarg = int, rightarg = int, function = int4eq);
CREATE TRIGGER t BEFORE INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.g();
CREATE POLICY po ON shop.orders FOR SELECT TO zoo_app USING (amount > 0);
CREATE RULE ru AS ON DELETE TO shop.users DO ALSO SELECT 1;
CREATE EVENT TRIGGER evt ON ddl_command_end WHEN tag IN ('CREATE TABLE') EXECUTE FUNCTION shop.et();
CREATE PUBLICATION pub FOR TABLE shop.orders;
GRANT SELECT ON shop.orders TO zoo_boss WITH GRANT OPTION;
GRANT UPDATE (note) ON shop.orders TO zoo_boss;
REVOKE EXECUTE ON FUNCTION shop.g() FROM public;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO zoo_boss;
COMMENT ON TABLE shop.orders IS 'the orders';
COMMENT ON SCHEMA public IS 'p';
ALTER DATABASE rehearsal SET statement_timeout = '5s';
ALTER ROLE zoo_app IN DATABASE rehearsal SET lock_timeout = '1s';
CREATE SCHEMA rehearse_harness;
CREATE TABLE rehearse_harness.disposable (x int);
