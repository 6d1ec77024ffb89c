import type { DataSet, PreparedDataSet, PrepareOptions } from './data-set.ts'
import { changeProject, makeProject, projectSizes } from './daily-project.ts'
import { makeOnce } from './make-once.ts'
import { firstBackup, titles, verify } from './row.ts'
import { SeededRandom } from './seeded-random.ts'

const generator = { name: 'generations', version: 1 } as const
const generationCountAtFullScale = 50
const generationCountMin = 6

/** A project that is worked on and backed up every day. */
export const generations: DataSet = {
  name: generator.name,

  prepare(options: PrepareOptions): PreparedDataSet {
    const { seed, scale } = options
    const sizes = projectSizes(scale)
    const { pristineFolder, size } = makeOnce(generator, options, (folder) => {
      makeProject(folder, new SeededRandom(seed, 0), sizes)
    })
    // Fewer days, too, but not in proportion: with a tenth of the data 16.
    const count = Math.max(
      generationCountMin,
      Math.round(generationCountAtFullScale * Math.sqrt(scale)),
    )
    return {
      name: generator.name,
      description:
        `${count} daily generations of a project of sources, logs and JSON data, at first ` +
        `${size.fileCount.toLocaleString('en')} files, ` +
        `${Math.round(size.byteCount / 1e6).toLocaleString('en')} MB: edits, additions, ` +
        `deletions, renames, growing logs; seed ${seed}`,
      pristineFolder,
      rows: [
        firstBackup,
        {
          kind: 'backup-series',
          title: `generations 2 to ${count}, added up`,
          lastGeneration: count,
          apply: (liveFolder, generation) =>
            changeProject(liveFolder, new SeededRandom(seed, generation), { sizes, generation }),
        },
        { kind: 'restore', title: 'restore of generation 1', snapshot: 'first' },
        { kind: 'restore', title: `restore of generation ${count}`, snapshot: 'latest' },
        verify,
        { kind: 'delete-and-prune', title: titles.halfPruned, victims: 'every-second' },
      ],
      rounds: 1,
    }
  },
}
