ALTER TABLE movements VALIDATE CONSTRAINT movements_sign;
