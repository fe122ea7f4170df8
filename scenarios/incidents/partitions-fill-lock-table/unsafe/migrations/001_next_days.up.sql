-- The partitions of the next days; each is a table, its indexes and its TOAST table, and each of these is a lock.
DO $$
BEGIN
  FOR day IN 11..410 LOOP
    EXECUTE format('CREATE TABLE readings_%s PARTITION OF readings FOR VALUES FROM (%s) TO (%s)', day, day, day + 1);
  END LOOP;
END
$$;
