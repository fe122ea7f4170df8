ALTER TABLE readings ADD COLUMN estimated boolean;
