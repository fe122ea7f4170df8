-- As many transactions, each with a number of its own and nothing else.
DO $$
BEGIN
    FOR i IN 1..current_setting('rehearse.xids')::int LOOP
        PERFORM pg_current_xact_id();
        COMMIT;
    END LOOP;
END
$$
