ALTER TABLE movements ADD CONSTRAINT movements_sign CHECK (cents > 0) NOT VALID;
