ALTER TABLE readings ADD COLUMN public_id uuid;
ALTER TABLE readings ALTER COLUMN public_id SET DEFAULT gen_random_uuid();
