CREATE TABLE renumbered_cards (member_id bigint PRIMARY KEY, card text NOT NULL);
INSERT INTO renumbered_cards (member_id, card)
  SELECT id, card FROM (SELECT id, card, row_number() OVER (PARTITION BY card ORDER BY id) AS nth FROM members) AS holders
  WHERE nth > 1;
UPDATE members SET card = members.card || '-' || members.id FROM renumbered_cards AS old WHERE old.member_id = members.id;
