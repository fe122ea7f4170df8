-- Prices, every change of which is written down.
CREATE TABLE prices (id bigint PRIMARY KEY, cents integer NOT NULL);
CREATE TABLE price_changes (price_id bigint NOT NULL, cents integer NOT NULL);
INSERT INTO prices SELECT n, n % 1000 FROM generate_series(1, :rows) AS n;
CREATE FUNCTION note_price() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO price_changes VALUES (old.id, old.cents); RETURN new; END';
CREATE TRIGGER prices_noted BEFORE UPDATE ON prices FOR EACH ROW EXECUTE FUNCTION note_price();
