import { join } from 'node:path'
import {
  fullDiskOperations,
  makeFullDiskWorld,
  stepOnFullDisk,
  type FullDiskOperation,
  type FullDiskWorld,
  type StepOutcome,
} from '../support/full-disk/full-disk-campaign.ts'
import { mountExt4Disk, mountTmpfsDisk, type SmallDisk } from '../support/full-disk/small-disk.ts'
import type { Soak, SoakContext } from './frame/soak.ts'

const MiB = 1024 * 1024
/** More than each operation needs, in bytes. */
const enough: Readonly<Record<FullDiskOperation, number>> = {
  init: MiB / 4,
  snapshot: 6 * MiB,
  forget: MiB,
  prune: MiB,
  'forget and prune': MiB,
  'repair catalogue': 2 * MiB,
  'restore from': MiB,
  'restore to': 5 * MiB,
}
const filesMax = 24

/** Every operation with every size of the rest of a disk; for root, because it mounts. */
export const soak: Soak = {
  proves:
    'with any rest of space or of inodes: earlier snapshots stay whole, the message says what is full, the same command succeeds when there is room;\n' +
    'forget, prune and restore work with 0 bytes free',
  takes: 'about 20 min, as root',
  unit: 'steps',
  countDefault: 100 * fullDiskOperations.length * 2,
  run: async (context) => {
    process.env['HOLDFAST_THREADS'] = '0'
    const world = await makeFullDiskWorld(context.folder)
    const figures: Record<string, number> = {}
    const steps = Math.ceil(context.count / fullDiskOperations.length / 2)
    let done = 0
    for (const mount of [mountTmpfsDisk, mountExt4Disk]) {
      const disk = mount(join(context.folder, 'disk'))
      try {
        done = await sweepDisk(context, { world, disk, steps, done, figures })
      } finally {
        disk.unmount()
      }
    }
    return { done, figures }
  },
}

interface DiskSweep {
  readonly world: FullDiskWorld
  readonly disk: SmallDisk
  readonly steps: number
  readonly done: number
  readonly figures: Record<string, number>
}

async function sweepDisk(
  context: SoakContext,
  { world, disk, steps, done: before, figures }: DiskSweep,
): Promise<number> {
  let done = before
  const note = (operation: string, what: string, outcome: StepOutcome): void => {
    const end = outcome.code === 'done' ? 'done' : 'refused'
    const key = `${disk.kind}, ${operation}: ${end}`
    figures[key] = (figures[key] ?? 0) + 1
    for (const problem of outcome.problems) {
      context.violation(`${disk.kind}, ${operation}, ${what} (${outcome.code}): ${problem}`)
    }
    done += 1
    context.progress(done, `${disk.kind}, ${operation}`)
  }
  for (const operation of fullDiskOperations) {
    for (let step = 0; step < steps && !context.isOver(); step++) {
      const bytes = Math.floor(((enough[operation] / 4096) * step) / Math.max(1, steps - 1)) * 4096
      const outcome = await stepOnFullDisk(world, disk, operation, { bytes })
      note(operation, `${bytes} bytes free`, outcome)
    }
    for (
      let files = 0;
      disk.kind === 'tmpfs' && files < filesMax && !context.isOver();
      files += 1
    ) {
      if (files % Math.ceil(filesMax / steps) !== 0) continue
      const outcome = await stepOnFullDisk(world, disk, operation, { files })
      note(`${operation}, inodes`, `${files} inodes free`, outcome)
    }
  }
  return done
}
