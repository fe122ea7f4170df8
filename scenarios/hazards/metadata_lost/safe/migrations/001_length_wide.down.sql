ALTER TABLE songs DROP COLUMN length_s;
ALTER TABLE songs RENAME COLUMN length_old TO length_s;
