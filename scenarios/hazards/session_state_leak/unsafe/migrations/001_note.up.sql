SELECT pg_catalog.set_config('search_path', '', false);
ALTER TABLE public.orders ADD COLUMN note text;
