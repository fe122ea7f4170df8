VACUUM visits;
