-- Messages of a chat.
CREATE TABLE messages (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  room_id  integer NOT NULL,
  body     text NOT NULL
);
INSERT INTO messages (room_id, body) SELECT n % 60, 'Message number ' || n FROM generate_series(1, :rows) AS n;
