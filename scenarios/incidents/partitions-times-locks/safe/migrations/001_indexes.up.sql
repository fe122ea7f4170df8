-- One partition a transaction. An index of the parent becomes valid when its last partition has one.
CREATE INDEX events_id ON ONLY events (id);
CREATE INDEX events_shop ON ONLY events (shop);
DO $$
DECLARE
  part regclass;
BEGIN
  FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'events'::regclass LOOP
    EXECUTE format('CREATE INDEX %I ON %s (id)', part || '_id', part);
    EXECUTE format('ALTER INDEX events_id ATTACH PARTITION %I', part || '_id');
    EXECUTE format('CREATE INDEX %I ON %s (shop)', part || '_shop', part);
    EXECUTE format('ALTER INDEX events_shop ATTACH PARTITION %I', part || '_shop');
    COMMIT;
  END LOOP;
END $$;
