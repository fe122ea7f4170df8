CREATE TABLE stops (id bigint PRIMARY KEY, parcel_id bigint NOT NULL REFERENCES parcels (id));
CREATE INDEX stops_parcel_idx ON stops (parcel_id);
