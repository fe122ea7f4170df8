ALTER TABLE apples DROP CONSTRAINT grams_positive;
