import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { DataSet, PreparedDataSet, PrepareOptions } from './data-set.ts'
import { changeBlocks, planExtents, writeImage, type Extent } from './disk-image.ts'
import { makeOnce } from './make-once.ts'
import { closingRows, nothingChanged, titles } from './row.ts'
import { SeededRandom } from './seeded-random.ts'

const generator = { name: 'vm-image', version: 1 } as const
const imageBytesAtFullScale = 20e9
const changedShare = 0.01
/** Each part draws its own random numbers. */
const streams = { extents: 1, contents: 2, changes: 3 } as const

/** The disk of a virtual machine: one large file, mostly holes, changed in place. */
export const vmImage: DataSet = {
  name: generator.name,

  prepare(options: PrepareOptions): PreparedDataSet {
    const { seed, scale } = options
    const imageBytes = Math.round(imageBytesAtFullScale * scale)
    const extents = planExtents(new SeededRandom(seed, streams.extents), imageBytes)
    const { pristineFolder } = makeOnce(generator, options, (folder) => {
      const path = join(folder, 'disk.img')
      writeImage(path, new SeededRandom(seed, streams.contents), { imageBytes, extents })
    })
    return {
      name: generator.name,
      description:
        `one sparse disk image of ${(imageBytes / 1e9).toLocaleString('en')} GB, ` +
        `${Math.round(allocatedBytes(extents) / 1e6).toLocaleString('en')} MB of it in ` +
        `${extents.length.toLocaleString('en')} pieces really written; seed ${seed}`,
      pristineFolder,
      rows: [
        {
          kind: 'backup',
          title: titles.firstBackup,
          apply: (folder) => describeMachine(folder, 1),
        },
        nothingChanged,
        {
          kind: 'backup',
          title: '1 % of the blocks changed in place',
          apply: (liveFolder) => {
            const file = openSync(join(liveFolder, 'disk.img'), 'r+')
            changeBlocks(file, new SeededRandom(seed, streams.changes), {
              extents,
              share: changedShare,
            })
            closeSync(file)
            describeMachine(liveFolder, 2)
          },
        },
        ...closingRows,
      ],
      rounds: 1,
      isSparse: true,
    }
  },
}

/**
 * A small file that is newer than the image: borg never trusts the newest file of a backup to be
 * unchanged, and would otherwise read the whole image each time.
 */
function describeMachine(folder: string, revision: number): void {
  const text = `<domain><name>bench</name><revision>${revision}</revision></domain>\n`
  writeFileSync(join(folder, 'machine.xml'), text)
}

function allocatedBytes(extents: readonly Extent[]): number {
  return extents.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
}
