/**
 * When each pack was last read and found whole: taken from the journal's records of kind `check`, so that a rebuild gives the same. Packs are
 * named by the first eight bytes of their ids, as in the records.
 */
export const packReadSchema = `
CREATE TABLE pack_read (prefix BLOB PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID;
`
