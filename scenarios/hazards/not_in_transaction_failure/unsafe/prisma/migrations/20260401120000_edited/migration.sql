ALTER TABLE "messages" ADD COLUMN "edited_at" TIMESTAMPTZ(3);
CREATE INDEX CONCURRENTLY "messages_room_id_idx" ON "messages"("room_id");
