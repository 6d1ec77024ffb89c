// Runs under strace (commit-order.test.ts): one call after the other of a local storage, then eight published files with one
// shared sync. What is written to `marks` shows in the trace where each begins.
import { openSync, rmdirSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { openLocal } from '../../../src/storage/local/local-storage.ts'
import { nameOf } from '../../support/object-names.ts'

const [folder, elsewhere] = process.argv.slice(2)
const marks = openSync(join(folder, 'marks'), 'a')

async function step(name: string, work: () => Promise<unknown>): Promise<void> {
  writeSync(marks, `[${name}]`)
  await work()
}

const bytes = Buffer.from('0123456789')
writeFileSync(join(folder, 'here'), bytes)
writeFileSync(join(elsewhere, 'there'), bytes)
const storage = openLocal(join(folder, 'new/repository'))
await step('prepare', () => storage.prepare())
await step('put', () => storage.put(nameOf('snapshots', 'put'), bytes))
await step('put again', () => storage.put(nameOf('snapshots', 'put'), bytes))
await step('replace', () => storage.replace(nameOf('snapshots', 'put'), bytes))
await step('put file', () => storage.putFile(nameOf('packs', 'file'), join(folder, 'here')))
await step('put file from elsewhere', () =>
  storage.putFile(nameOf('packs', 'there'), join(elsewhere, 'there')),
)
await step('delete', () => storage.delete(nameOf('packs', 'file')))
await step('sync', () => storage.sync('packs'))
rmdirSync(join(folder, 'new/repository/index'))
await step('put into a new folder', () => storage.put(nameOf('index', 'put'), bytes))
await step('publish', async () => {
  const published = Array.from({ length: 8 }, async (_, index) => {
    const file = storage.createTemporarySync()
    writeSync(file.descriptor, `pack ${index}`)
    await storage.publish(file, nameOf('packs', `${index}`))
    await storage.sync('packs')
  })
  await Promise.all(published)
})
await storage.close()
