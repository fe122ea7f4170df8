-- Age of the table in transactions; its options; NULL age for a relation without storage.
SELECT CASE WHEN c.relfrozenxid <> '0' THEN age(c.relfrozenxid) END, coalesce(c.reloptions, '{}')
  FROM pg_class c WHERE c.oid = %(table)s::regclass
