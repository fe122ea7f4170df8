CREATE TABLE old_exports (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  requested_by  text NOT NULL,
  bytes         bigint NOT NULL
);
