CREATE UNIQUE INDEX CONCURRENTLY members_card_key ON members (card);
