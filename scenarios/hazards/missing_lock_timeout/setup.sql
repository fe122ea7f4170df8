-- Devices in the field.
CREATE TABLE devices (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  serial_no text NOT NULL UNIQUE,
  model     text NOT NULL
);
INSERT INTO devices (serial_no, model)
  SELECT 'SN-' || lpad(n::text, 8, '0'), (ARRAY['probe', 'gateway', 'meter'])[1 + n % 3] FROM generate_series(1, :rows) AS n;
