import type { CatalogueDatabase } from './database.ts'

/**
 * Every table without row numbers, ordered by what the objects themselves say. Two catalogues of
 * the same objects give the same lines, in whatever order they took them in.
 */
const queries: readonly (readonly [table: string, query: string])[] = [
  ['meta', 'SELECT key, value FROM meta ORDER BY key'],
  ['index', 'SELECT id FROM index_object ORDER BY id'],
  ['pack', 'SELECT id, salt, bytes, blobs, plain_bytes FROM pack ORDER BY id'],
  [
    'pack_in_index',
    `SELECT i.id, p.id FROM pack_in_index AS x JOIN index_object AS i ON i.row = x.index_object
       JOIN pack AS p ON p.row = x.pack ORDER BY i.id, p.id`,
  ],
  [
    'segment',
    `SELECT p.id, s.number, s.offset, s.payload_bytes, s.plain_bytes, s.codec, s.kind
       FROM segment AS s JOIN pack AS p ON p.row = s.pack ORDER BY p.id, s.number`,
  ],
  [
    'blob',
    `SELECT b.id, p.id, b.segment, b.offset, b.length
       FROM blob AS b JOIN pack AS p ON p.row = b.pack ORDER BY b.id, p.id, b.segment, b.offset`,
  ],
  ['snapshot', 'SELECT id, manifest FROM snapshot ORDER BY id'],
  [
    'tree_page',
    `SELECT p.id, p.level, p.bytes, p.entries, n.digest, n.kinds
       FROM tree_page AS p LEFT JOIN name_list AS n ON n.row = p.names ORDER BY p.id`,
  ],
  ['name_list', 'SELECT digest, kinds, names FROM name_list ORDER BY digest, kinds'],
  [
    'page_content',
    `SELECT p.id, c.content
       FROM page_content AS c JOIN tree_page AS p ON p.row = c.page ORDER BY p.id`,
  ],
  [
    'page_reference',
    `SELECT p.id, r.name, r.mode, r.child
       FROM page_reference AS r JOIN tree_page AS p ON p.row = r.page ORDER BY p.id, r.name, r.child`,
  ],
  ['pack_read', 'SELECT prefix, at_ms FROM pack_read ORDER BY prefix'],
  ['journal', 'SELECT id, record FROM journal ORDER BY id'],
  [
    'parity',
    'SELECT id, group_id, number, parity_shards, shard_bytes, packs FROM parity_object ORDER BY id',
  ],
]

function toText(value: unknown): unknown {
  return Buffer.isBuffer(value) ? value.toString('hex') : value
}

/** One JSON array for each row: the table's name and its values, bytes as hexadecimal digits. */
export function* dumpDatabase(database: CatalogueDatabase): Generator<string> {
  for (const [table, query] of queries) {
    const rows = database.sqlite.prepare<[], unknown[]>(query).raw().iterate()
    for (const row of rows) yield JSON.stringify([table, ...row.map(toText)])
  }
}
