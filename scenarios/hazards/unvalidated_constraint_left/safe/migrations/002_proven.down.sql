-- The step before removes the constraint.
SELECT 1;
