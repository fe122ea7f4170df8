ALTER TYPE repair_state ADD VALUE 'quoted' AFTER 'received';
