// Runs under strace (commit-order.test.ts): one put, then eight published files with one shared
// sync.
import { writeSync } from 'node:fs'

import { openLocal } from '../../../src/storage/local/local-storage.ts'
import { nameOf } from '../../support/object-names.ts'

const storage = openLocal(process.argv[2])
await storage.prepare()
await storage.put(nameOf('snapshots', 'put'), Buffer.from('0123456789'))
const published = Array.from({ length: 8 }, async (_, index) => {
  const file = storage.createTemporarySync()
  writeSync(file.descriptor, `pack ${index}`)
  await storage.publish(file, nameOf('packs', `${index}`))
  await storage.sync('packs')
})
await Promise.all(published)
await storage.close()
