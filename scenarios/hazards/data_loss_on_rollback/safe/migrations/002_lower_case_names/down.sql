DO $$
DECLARE
  last_id bigint := 0;
  next_id bigint;
BEGIN
  LOOP
    SELECT max(id) INTO next_id FROM (SELECT id FROM computers WHERE id > last_id ORDER BY id LIMIT 500) AS batch;
    EXIT WHEN next_id IS NULL;
    UPDATE computers SET name = old.name FROM computer_names_before AS old
      WHERE old.computer_id = computers.id AND computers.id > last_id AND computers.id <= next_id AND computers.name = lower(old.name);
    COMMIT;
    last_id := next_id;
  END LOOP;
END
$$;
