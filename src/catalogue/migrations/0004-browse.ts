/**
 * What searches over all snapshots need.
 *
 * `tree_names` holds the names of a page as one value, each between two NUL bytes, and each list once: a page of which only the contents
 * changed has the names of the page before. So a search reads some 15 bytes for each name instead of a row, and every list once for
 * however many snapshots. `tree_entry_by_child` leads from a directory up to those that hold it; files are not in it.
 *
 * `child` of a file of several references became a digest of all of them, which no row of before can tell: so everything that comes from
 * index objects goes, and the next opening takes it in again.
 *
 * `statistics_cache` is of this file alone and belongs to no dump: any of it can be computed again.
 */
export const browseSchema = `
DELETE FROM index_object;
DELETE FROM pack_in_index;
DELETE FROM pack;
DELETE FROM segment;
DELETE FROM blob;
DELETE FROM tree_entry;
DROP TABLE tree_page;

CREATE TABLE tree_page (
  row INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  level INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  names INTEGER
);
CREATE INDEX tree_page_by_names ON tree_page (names) WHERE names IS NOT NULL;

CREATE TABLE tree_names (
  row INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  names BLOB NOT NULL
);

CREATE INDEX tree_entry_by_child ON tree_entry (child, mode) WHERE mode = 0 OR (mode >= 16384 AND mode < 20480);

CREATE TABLE statistics_cache (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
`
