UPDATE members SET card = old.card FROM renumbered_cards AS old WHERE old.member_id = members.id;
DROP TABLE renumbered_cards;
