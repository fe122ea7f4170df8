UPDATE visits SET kind = 'adult' WHERE id % 3 = 0;
