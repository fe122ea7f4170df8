DO $$
DECLARE
  first integer;
BEGIN
  FOR first IN SELECT generate_series(1, (SELECT max(id) FROM people), 500) LOOP
    UPDATE people SET full_name = first_name || ' ' || last_name
    WHERE id BETWEEN first AND first + 499 AND full_name IS NULL;
    COMMIT;
  END LOOP;
END
$$;
