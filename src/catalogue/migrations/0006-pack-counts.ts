/**
 * What is in a pack stands beside it, so that nobody counts all blobs to tell how many there are: with 20,000,000 of them that read a gigabyte.
 *
 * Counted by a table and not by `GROUP BY`, which would sort all blobs in memory.
 */
export const packCountsSchema = `
ALTER TABLE pack ADD COLUMN blobs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pack ADD COLUMN plain_bytes INTEGER NOT NULL DEFAULT 0;

CREATE TABLE pack_count (pack INTEGER PRIMARY KEY, blobs INTEGER NOT NULL);
INSERT INTO pack_count SELECT pack, 1 FROM blob WHERE true
  ON CONFLICT (pack) DO UPDATE SET blobs = blobs + 1;
UPDATE pack SET
  blobs = coalesce((SELECT c.blobs FROM pack_count AS c WHERE c.pack = pack.row), 0),
  plain_bytes = coalesce(
    (SELECT sum(s.plain_bytes) FROM segment AS s WHERE s.pack = pack.row), 0);
DROP TABLE pack_count;
`
