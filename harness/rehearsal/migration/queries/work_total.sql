-- The same since the statistics began, for statements that cannot run in a transaction block.
SELECT s.relid::bigint, s.seq_tup_read,
       greatest(coalesce(s.idx_tup_fetch, 0), coalesce(x.returned, 0))::bigint,
       s.n_tup_ins, s.n_tup_upd, s.n_tup_del
FROM pg_stat_all_tables s
LEFT JOIN (
    SELECT indrelid, max(pg_stat_get_tuples_returned(indexrelid)) AS returned FROM pg_index GROUP BY indrelid
) x ON x.indrelid = s.relid
WHERE s.relid >= 16384
