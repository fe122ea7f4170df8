DROP INDEX CONCURRENTLY "messages_room_id_idx";
ALTER TABLE "messages" DROP COLUMN "edited_at";
