// Writes to a catalogue until it is done or killed (concurrency.test.ts). Each line on the standard
// output is one acknowledged commit.
import { writeSync } from 'node:fs'

import { openCatalogue } from '../../../src/catalogue/catalogue.ts'
import { dataPack, objectIdOf } from './catalogue-fixtures.ts'

const [path, writer, count] = process.argv.slice(2)
const catalogue = openCatalogue(path)
for (let turn = 0; turn < Number(count); turn++) {
  const name = `${writer} ${turn}`
  catalogue.transaction(() => {
    catalogue.indexObjects.add(objectIdOf(name), [dataPack(name, 50)])
    catalogue.journal.add(objectIdOf(name), { version: 1, kind: 'failure', atMs: turn, name })
  })
  writeSync(1, `${name}\n`)
}
catalogue.close()
