-- Statements between two syncs are one transaction, whose rows so far each of them counts.
\set a 5
\startpipeline
INSERT INTO pipeline (name, value) SELECT 'first', count(*) FROM pipeline WHERE xmin = pg_current_xact_id()::xid;
INSERT INTO pipeline (name, value) SELECT 'second', count(*) FROM pipeline WHERE xmin = pg_current_xact_id()::xid;
\set a :a + 1
INSERT INTO pipeline (name, value) VALUES ('set inside', (:a)::text);
\if :a = 6
INSERT INTO pipeline (name, value) VALUES ('if inside', (:a)::text);
\endif
\syncpipeline
INSERT INTO pipeline (name, value) SELECT 'after sync', count(*) FROM pipeline WHERE xmin = pg_current_xact_id()::xid;
\sleep 100 us
\syncpipeline
BEGIN;
INSERT INTO pipeline (name, value) SELECT 'begun', count(*) FROM pipeline WHERE xmin = pg_current_xact_id()::xid;
\syncpipeline
INSERT INTO pipeline (name, value) SELECT 'same transaction', count(*) FROM pipeline WHERE xmin = pg_current_xact_id()::xid;
END;
SELECT generate_series(1, 100);
\endpipeline
SELECT count(*) AS n FROM pipeline WHERE xmin = pg_current_xact_id_if_assigned()::xid \gset
INSERT INTO pipeline (name, value) VALUES ('afterwards', (:n)::text);
\startpipeline
INSERT INTO pipeline (name, value) VALUES ('again', (:a)::text);
\endpipeline
\startpipeline
\endpipeline
