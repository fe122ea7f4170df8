ALTER TABLE offers ADD CONSTRAINT offers_percent_sane CHECK (percent BETWEEN 0 AND 90) NOT VALID;
ALTER TABLE offers DROP CONSTRAINT offers_percent_at_most_all;
