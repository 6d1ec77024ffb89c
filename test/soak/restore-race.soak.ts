import type { Soak } from './frame/soak.ts'
import { raceRestore } from './race/restore-race.ts'

/** Root restores into a folder of a user who swaps its folders for links in a tight loop. */
export const soak: Soak = {
  proves:
    'Nothing outside of the target changes while its folders are exchanged for symbolic links with renameat2, by a user to whom it belongs.',
  takes: 'about 5 min (root)',
  unit: 'restores',
  countDefault: 3000,
  async run({ count, folder, isOver, progress, violation }) {
    const isRoot = process.geteuid?.() === 0
    const { swaps, restores, filesRestored, refused, escapedByPath } = await raceRestore({
      folder,
      filesPerFolder: 12,
      isRoot,
      isOver: ({ restores: done }) => {
        progress(done)
        return done >= count || isOver()
      },
      violation,
    })
    if (escapedByPath === 0)
      violation('the attack led not even writes by path astray: it proves nothing')
    return {
      done: restores,
      figures: { swaps, 'files restored': filesRestored, 'entries refused': refused },
    }
  },
}
