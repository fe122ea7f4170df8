DROP INDEX CONCURRENTLY members_card_key;
