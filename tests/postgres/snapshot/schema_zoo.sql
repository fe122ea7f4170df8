-- One of everything that a schema can say of its rows.
CREATE SCHEMA crm;
CREATE TYPE crm.mood AS ENUM ('good', 'bad', 'it''s fine');
CREATE DOMAIN crm.year AS integer CONSTRAINT year_check CHECK (VALUE >= 1901 AND VALUE <= 2155);
CREATE DOMAIN crm.birth_year AS crm.year CHECK (VALUE > 1910);
CREATE DOMAIN crm.short AS varchar(12) NOT NULL;

CREATE TABLE crm.people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "E-mail" varchar(80) NOT NULL UNIQUE CHECK ("E-mail" ~ '^[^@]+@[^@]+$'),
    nick crm.short,
    born crm.birth_year,
    moods crm.mood[] DEFAULT '{good}',
    code character(5) DEFAULT 'A0000',
    flags bit varying(7),
    length interval day to second(3),
    seen timestamp(3) with time zone DEFAULT now(),
    at time(0) without time zone,
    price numeric(9, 2) CHECK (price >= 0),
    letter "char",
    initial text GENERATED ALWAYS AS (upper("left"("E-mail", 1))) STORED,
    data jsonb DEFAULT '{"name": "O''Brien"}',
    net cidr,
    CHECK (born IS NULL OR price IS NOT NULL)
);
CREATE UNIQUE INDEX people_lower ON crm.people (lower("E-mail"));
CREATE UNIQUE INDEX people_code ON crm.people (code, born) WHERE price > 0;
COMMENT ON TABLE crm.people IS 'asked O''Brien first';
COMMENT ON COLUMN crm.people."E-mail" IS 'like anna@example.org';
COMMENT ON CONSTRAINT people_pkey ON crm.people IS 'the key';
COMMENT ON INDEX crm.people_lower IS 'an index';
COMMENT ON SCHEMA crm IS 'customers';
COMMENT ON TYPE crm.mood IS 'a type';
COMMENT ON DOMAIN crm.year IS 'a domain';

CREATE TABLE crm.log (person bigint NOT NULL REFERENCES crm.people, at date NOT NULL, place text, PRIMARY KEY (person, at))
    PARTITION BY RANGE (at);
CREATE TABLE crm.log_2025 PARTITION OF crm.log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (person);
CREATE TABLE crm.log_2025_a PARTITION OF crm.log_2025 FOR VALUES IN (1, 2);
CREATE TABLE crm.log_2025_rest PARTITION OF crm.log_2025 DEFAULT;
CREATE TABLE crm.log_old (place text, at date NOT NULL, person bigint NOT NULL);
ALTER TABLE crm.log ATTACH PARTITION crm.log_old FOR VALUES FROM (MINVALUE) TO ('2025-01-01');
CREATE TABLE crm.visits (id int, person bigint, at date, room int CHECK (room > 0),
    FOREIGN KEY (person, at) REFERENCES crm.log (person, at) ON DELETE CASCADE);
CREATE TABLE crm.visits_paid (amount int DEFAULT 0) INHERITS (crm.visits);
CREATE TABLE crm.hashed (id int, note text) PARTITION BY HASH (id, lower(note));
CREATE TABLE crm.hashed_0 PARTITION OF crm.hashed FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE crm.booked (id serial, during tsrange, EXCLUDE USING gist (during WITH &&));
CREATE TABLE crm.listed (id int, place text) PARTITION BY LIST (place);
CREATE TABLE crm.listed_a PARTITION OF crm.listed FOR VALUES IN ('a', NULL);
CREATE TABLE crm."Odd Name" ("a.b" int, "c""d" text, "select" text);

CREATE VIEW crm.bobs AS SELECT id FROM crm.people WHERE nick = 'bob';
CREATE MATERIALIZED VIEW crm.counts AS SELECT count(*) FROM crm.people WHERE "E-mail" <> 'root@example.org';
CREATE FUNCTION crm.is_bob(name text) RETURNS boolean LANGUAGE sql AS $$ SELECT name = 'bob' $$;
CREATE FUNCTION crm.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.nick := 'x'; RETURN NEW; END $$;
CREATE FUNCTION crm.atomic() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;
COMMENT ON FUNCTION crm.is_bob(text) IS 'a function';
CREATE TRIGGER touching BEFORE UPDATE ON crm.people FOR EACH ROW WHEN (NEW.nick = 'eve') EXECUTE FUNCTION crm.touch();
COMMENT ON TRIGGER touching ON crm.people IS 'a trigger';
CREATE RULE nothing AS ON DELETE TO crm.booked WHERE OLD.id = 7 DO INSTEAD NOTHING;
ALTER TABLE crm.people ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON crm.people USING (nick = 'mallory') WITH CHECK (nick <> 'trent');
INSERT INTO crm.booked (during) VALUES ('[2025-01-01, 2025-01-02)');
