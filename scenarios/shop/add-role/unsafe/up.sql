ALTER TABLE users ADD COLUMN role text;
UPDATE users SET role = CASE WHEN newsletter THEN 'subscriber' ELSE 'customer' END;
ALTER TABLE users ALTER COLUMN role SET NOT NULL;
