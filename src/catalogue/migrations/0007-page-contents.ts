/**
 * Pages of directories are kept as a whole, packed, instead of a row for each entry: where every file of a tree was touched, 84,000 rows were
 * written for 5,000 pages, and deleted one by one when a prune dropped them.
 *
 * `page_reference` has what leads from a page up to those that hold it; files are not in it. A row of `page_content` stands behind its page, so
 * that reading all of `tree_page` does not read them.
 *
 * What a page holds besides is in the packs only: so everything that comes from index objects goes, and the next opening takes it in again.
 */
export const pageContentsSchema = `
DELETE FROM index_object;
DELETE FROM pack_in_index;
DELETE FROM pack;
DELETE FROM segment;
DELETE FROM blob;
DELETE FROM tree_page;
DELETE FROM name_list;
DELETE FROM statistics_cache;
DROP TABLE tree_entry;

CREATE TABLE page_content (page INTEGER PRIMARY KEY, content BLOB NOT NULL);

CREATE TABLE page_reference (
  child BLOB NOT NULL,
  mode INTEGER NOT NULL,
  page INTEGER NOT NULL,
  name BLOB NOT NULL,
  PRIMARY KEY (child, mode, page, name)
) WITHOUT ROWID;
`
