UPDATE visits SET kind = 'Adult' WHERE id % 3 = 0;
VACUUM visits;
