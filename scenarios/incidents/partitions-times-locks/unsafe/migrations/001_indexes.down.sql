DROP INDEX IF EXISTS events_kind_cents, events_shop_kind, events_cents, events_kind, events_shop, events_id;
