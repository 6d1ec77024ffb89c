/**
 * The first schema. Row numbers (`row`, `pack`, `page`) are this file's own and differ after a
 * rebuild; everything else comes from the objects.
 *
 * `pack.row` is never used twice (AUTOINCREMENT), so that a row number kept in memory cannot come
 * to mean another pack. `blob` is clustered by id and has no second index: 55 bytes a blob, against
 * 71 with a table in pack order and a prefix index, and 105 with a plain table and an index on the
 * id. What belongs to a pack is found by a scan, which only pruning needs. The columns behind the
 * id are part of the key because a blob may lie in several places.
 */
export const initialSchema = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE index_object (row INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE);

CREATE TABLE pack (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL UNIQUE,
  salt BLOB NOT NULL,
  bytes INTEGER NOT NULL
);

CREATE TABLE pack_in_index (
  index_object INTEGER NOT NULL,
  pack INTEGER NOT NULL,
  PRIMARY KEY (index_object, pack)
) WITHOUT ROWID;

CREATE TABLE segment (
  pack INTEGER NOT NULL,
  number INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  payload_bytes INTEGER NOT NULL,
  plain_bytes INTEGER NOT NULL,
  codec INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  PRIMARY KEY (pack, number)
) WITHOUT ROWID;

CREATE TABLE blob (
  id BLOB NOT NULL,
  pack INTEGER NOT NULL,
  segment INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL,
  PRIMARY KEY (id, pack, segment, offset)
) WITHOUT ROWID;

CREATE TABLE snapshot (
  row INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  backup_id TEXT NOT NULL,
  type TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER NOT NULL,
  recorded_at_ms INTEGER,
  received_at_ms INTEGER,
  hostname TEXT NOT NULL,
  username TEXT NOT NULL,
  base TEXT NOT NULL,
  paths TEXT NOT NULL,
  tags TEXT NOT NULL,
  description TEXT NOT NULL,
  tree_id BLOB NOT NULL,
  parent_id BLOB,
  statistics TEXT NOT NULL,
  manifest TEXT NOT NULL
);
CREATE INDEX snapshot_by_backup_id ON snapshot (backup_id);
CREATE INDEX snapshot_by_start ON snapshot (started_at_ms, id);

CREATE TABLE tree_page (
  row INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  level INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  entries INTEGER NOT NULL
);

CREATE TABLE tree_entry (
  page INTEGER NOT NULL,
  name BLOB NOT NULL,
  mode INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime_seconds INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  child BLOB,
  PRIMARY KEY (page, name)
) WITHOUT ROWID;

CREATE TABLE journal (
  row INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  snapshot_id BLOB,
  result TEXT,
  record TEXT NOT NULL
);
CREATE INDEX journal_by_time ON journal (at_ms, id);
CREATE INDEX journal_by_snapshot ON journal (snapshot_id, kind, at_ms, id, result);

CREATE TABLE parity_object (
  row INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  group_id BLOB NOT NULL,
  number INTEGER NOT NULL,
  parity_shards INTEGER NOT NULL,
  shard_bytes INTEGER NOT NULL,
  packs TEXT NOT NULL
);
`
