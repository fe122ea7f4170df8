CREATE INDEX CONCURRENTLY "messages_room_id_idx" ON "messages"("room_id");
