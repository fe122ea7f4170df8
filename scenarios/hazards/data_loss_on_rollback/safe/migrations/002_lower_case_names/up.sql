DO $$
DECLARE
  last_id bigint := 0;
  next_id bigint;
BEGIN
  LOOP
    SELECT max(id) INTO next_id FROM (SELECT id FROM computers WHERE id > last_id ORDER BY id LIMIT 500) AS batch;
    EXIT WHEN next_id IS NULL;
    WITH changed AS (
      UPDATE computers SET name = lower(computers.name) FROM computers AS old
      WHERE old.id = computers.id AND computers.id > last_id AND computers.id <= next_id AND computers.name <> lower(computers.name)
      RETURNING old.id, old.name
    )
    INSERT INTO computer_names_before (computer_id, name) SELECT id, name FROM changed;
    COMMIT;
    last_id := next_id;
  END LOOP;
END
$$;
