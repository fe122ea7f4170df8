SELECT pg_catalog.set_config('search_path', '', true);
ALTER TABLE public.orders ADD COLUMN note text;
