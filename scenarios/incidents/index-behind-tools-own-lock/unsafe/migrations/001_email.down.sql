DROP INDEX CONCURRENTLY members_email_idx;
