/**
 * Lists of names know what stands behind each name, so that a search for directories or for files alone reads no entry.
 *
 * `kinds` has one hexadecimal digit for each name, the upper four bits of its mode (4 a directory, 8 a file, a a symbolic link), and is empty
 * where all are files, as in most directories. Two pages with the same names share a list only when the kinds are the same, too.
 *
 * A new table, because SQLite cannot change what is unique in an old one; names are copied and never held in memory together.
 */
export const nameKindsSchema = `
CREATE TABLE name_list (
  row INTEGER PRIMARY KEY,
  digest BLOB NOT NULL,
  kinds TEXT NOT NULL,
  names BLOB NOT NULL,
  UNIQUE (digest, kinds)
);

CREATE TABLE page_kinds (page INTEGER PRIMARY KEY, names INTEGER NOT NULL, kinds TEXT NOT NULL);
INSERT INTO page_kinds
  SELECT p.row, p.names,
    CASE WHEN min(e.mode >> 12) = 8 AND max(e.mode >> 12) = 8 THEN ''
      ELSE group_concat(substr('0123456789abcdef', ((e.mode >> 12) & 15) + 1, 1), '' ORDER BY e.name) END
  FROM tree_page AS p JOIN tree_entry AS e ON e.page = p.row WHERE p.names IS NOT NULL GROUP BY p.row;
INSERT INTO name_list (digest, kinds, names)
  SELECT n.digest, k.kinds, n.names
  FROM (SELECT DISTINCT names, kinds FROM page_kinds) AS k JOIN tree_names AS n ON n.row = k.names;
UPDATE tree_page SET names = (
  SELECT l.row FROM page_kinds AS k JOIN tree_names AS n ON n.row = k.names
    JOIN name_list AS l ON l.digest = n.digest AND l.kinds = k.kinds
  WHERE k.page = tree_page.row) WHERE names IS NOT NULL;
DROP TABLE page_kinds;
DROP TABLE tree_names;
`
