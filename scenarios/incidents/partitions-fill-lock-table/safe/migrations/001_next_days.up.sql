-- A day a transaction. ATTACH PARTITION lets readers and writers of the parent go on, where PARTITION OF would not.
DO $$
BEGIN
  FOR day IN 11..410 LOOP
    CONTINUE WHEN to_regclass(format('readings_%s', day)) IS NOT NULL;
    EXECUTE format('CREATE TABLE readings_%s (LIKE readings INCLUDING ALL EXCLUDING IDENTITY)', day);
    EXECUTE format('ALTER TABLE readings ATTACH PARTITION readings_%s FOR VALUES FROM (%s) TO (%s)', day, day, day + 1);
    COMMIT;
  END LOOP;
END
$$;
