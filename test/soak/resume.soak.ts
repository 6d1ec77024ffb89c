import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CrashTask } from '../support/children/crash-child.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { buildShim } from './crash/build-shim.ts'
import { checkContents, createRepository, type CrashRepository } from './crash/crash-repository.ts'
import { openLedger } from './crash/ledger.ts'
import { scannedSource } from './crash/source-folder.ts'
import { openStandby } from './crash/standby.ts'
import type { Soak } from './frame/soak.ts'

const MiB = 1024 * 1024
const fileBytes = 3 * MiB
const fileCount = 60

/** What a run may store beyond what is missing: T10 of the catalogue of tests. */
const ratioMax = 1.2

export const soak: Soak = {
  proves:
    'A backup of 180 MiB is killed at a random part of its way, up to three times in a row; the run that is let live stores at most\n' +
    '1.2 times what was not yet in finished packs: nothing begins from zero.',
  takes: 'about 3 min',
  unit: 'backups',
  countDefault: 40,
  async run({ count, random, folder, isOver, progress, violation }) {
    const source = join(folder, 'source')
    mkdirSync(source)
    for (let file = 0; file < fileCount; file++) {
      writeFileSync(join(source, `file-${file}`), randomBytesOf(file, fileBytes))
    }
    const totalBytes = fileBytes * fileCount
    const standby = openStandby({ LD_PRELOAD: buildShim(folder) })
    let done = 0
    let kills = 0
    let worstRatio = 0
    let unfinishedBytesMax = 0
    try {
      for (; done < count && !isOver(); done++) {
        const location = join(folder, `repository-${done}`)
        const target: CrashRepository = {
          ...(await createRepository(location, false)),
          ledger: openLedger(),
          sources: [scannedSource(source, 'big')],
        }
        const task: CrashTask = {
          location,
          cacheDirectory: target.cacheDirectory,
          threads: Math.floor(random() * 3),
          order: 'count/0',
          steps: [{ do: 'snapshot', source, description: 'big' }],
        }
        const kept = (): number => bytesIn(join(location, 'packs'))
        for (let times = 1 + Math.floor(random() * 3); times > 0; times--) {
          const missingBytes = totalBytes - kept()
          const stopAtBytes = kept() + missingBytes * (0.1 + 0.85 * random())
          const watch = new AbortController()
          const killed = standby.run(task, { killAt: watch.signal })
          const timer = setInterval(() => {
            const bytes = kept() + bytesIn(join(location, 'tmp'))
            if (bytes >= stopAtBytes) watch.abort()
          }, 2)
          target.ledger.note(await killed)
          clearInterval(timer)
          kills += 1
          unfinishedBytesMax = Math.max(unfinishedBytesMax, bytesIn(join(location, 'tmp')))
        }
        const missingBytes = totalBytes - kept()
        const run = await standby.run(task)
        target.ledger.note(run)
        const saved = run.lines.find((line) => line.startsWith('saved '))
        if (saved === undefined) violation(`backup ${done}: not saved: ${run.lines.join(' | ')}`)
        const addedBytes = Number(saved?.split(' ')[2])
        // Trees and the rest of a chunk that is cut in a batch take some kilobytes.
        const ratio = (addedBytes - MiB / 4) / Math.max(missingBytes, MiB)
        worstRatio = Math.max(worstRatio, ratio)
        if (ratio > ratioMax) {
          violation(`backup ${done}: ${missingBytes} bytes were missing, ${addedBytes} were stored`)
        }
        for (const text of await checkContents(target)) violation(`backup ${done}: ${text}`)
        rmSync(location, { recursive: true })
        progress(done + 1)
      }
    } finally {
      await standby.close()
    }
    return {
      done,
      figures: {
        kills,
        'worst ratio of stored to missing': worstRatio.toFixed(3),
        'most in unfinished packs at a kill, MiB': Math.round(unfinishedBytesMax / MiB),
      },
    }
  },
}

function bytesIn(folder: string): number {
  if (!existsSync(folder)) return 0
  return readdirSync(folder).reduce((sum, name) => {
    return sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
  }, 0)
}
