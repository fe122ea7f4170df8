DO $$
BEGIN
  FOR day IN 11..410 LOOP
    EXECUTE format('DROP TABLE IF EXISTS readings_%s', day);
  END LOOP;
END
$$;
