DROP INDEX CONCURRENTLY "messages_room_id_idx";
