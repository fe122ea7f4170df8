ALTER TABLE apples ADD CONSTRAINT grams_positive CHECK (grams > 0) NOT VALID;
