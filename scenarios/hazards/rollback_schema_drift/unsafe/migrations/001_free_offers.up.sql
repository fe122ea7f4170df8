-- An offer may be given away from now on.
ALTER TABLE offers DROP CONSTRAINT offers_percent_sane;
ALTER TABLE offers ADD CONSTRAINT offers_percent_at_most_all CHECK (percent BETWEEN 0 AND 100) NOT VALID;
ALTER TABLE offers VALIDATE CONSTRAINT offers_percent_at_most_all;
