ALTER TABLE movements DROP CONSTRAINT movements_sign;
