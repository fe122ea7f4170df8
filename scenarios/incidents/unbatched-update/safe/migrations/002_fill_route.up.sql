DO $$
DECLARE
  end_id   bigint := (SELECT max(id) FROM parcels);
  last_id  bigint := 0;
BEGIN
  WHILE last_id < end_id LOOP
    UPDATE parcels SET route = encode(sha256(convert_to(repeat(address, 600), 'UTF8')), 'hex')
      WHERE id > last_id AND id <= last_id + 200;
    COMMIT;
    last_id := last_id + 200;
  END LOOP;
END
$$;
