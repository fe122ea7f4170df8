BEGIN;
CREATE INDEX events_id ON events (id);
CREATE INDEX events_shop ON events (shop);
CREATE INDEX events_kind ON events (kind);
CREATE INDEX events_cents ON events (cents);
CREATE INDEX events_shop_kind ON events (shop, kind);
CREATE INDEX events_kind_cents ON events (kind, cents);
COMMIT;
