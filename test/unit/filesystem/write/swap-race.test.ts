import * as fs from 'node:fs'
import { Worker } from 'node:worker_threads'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TargetError } from '../../../../src/foundation/errors.ts'
import type { FileMetadata } from '../../../../src/filesystem/metadata/file-metadata.ts'
import { openTarget } from '../../../../src/filesystem/write/safe-writer.ts'
import { scratchDirectory } from '../scratch-directory.ts'

/** Moves the directory away and puts a link in its place that leads outside, until the flag is set. */
const attacker = `
const fs = require('node:fs')
const { workerData } = require('node:worker_threads')
const { place, aside, flags } = workerData
for (let round = 0; Atomics.load(flags, 0) === 0; round++) {
  try {
    fs.renameSync(place, aside + round)
  } catch {}
  try {
    fs.symlinkSync('../outside', place)
    Atomics.add(flags, 1, 1)
    fs.unlinkSync(place)
  } catch {}
}
`

const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
const metadata: FileMetadata = { mode: 0o777, ...own, mtimeSec: 1, mtimeNsec: 0 }
const swapsWanted = 2000
const deadlineMs = 20_000

interface Attack {
  readonly swaps: () => number
  readonly stop: () => Promise<void>
}

function startAttack(place: string, aside: string): Attack {
  const flags = new Int32Array(new SharedArrayBuffer(8))
  const worker = new Worker(attacker, { eval: true, workerData: { place, aside, flags } })
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const stop = async (): Promise<void> => {
    Atomics.store(flags, 0, 1)
    await ended
  }
  onTestFinished(stop)
  return { swaps: () => Atomics.load(flags, 1), stop }
}

describe('a directory that is swapped for a link all the time', () => {
  it('never leads the safe writer outside, while it does lead writes by path there', async () => {
    const scratch = scratchDirectory('/dev/shm')
    for (const name of ['outside', 'target', 'target/place']) fs.mkdirSync(scratch.at(name))
    const outside = (): string[] => fs.readdirSync(scratch.at('outside'))
    const before = fs.statSync(scratch.at('outside'), { bigint: true })
    const attack = startAttack(scratch.at('target', 'place'), scratch.at('target', 'aside'))
    const writer = openTarget(scratch.at('target'))
    onTestFinished(() => writer.close())
    const name = Buffer.from('place')
    const file = { name: Buffer.from('file'), contentOffset: 0, contentBytes: 1, metadata }
    let refused = 0
    const deadline = performance.now() + deadlineMs
    while (attack.swaps() < swapsWanted && performance.now() < deadline) {
      try {
        const directory = writer.enterDirectory(writer.target, name)
        writer.writeSmallFiles([{ ...file, directory }], Buffer.from('x'))
        const large = writer.createLargeFile(directory, Buffer.from('large'))
        large.commit(metadata, 1)
        writer.leaveDirectory(directory, metadata)
      } catch (error) {
        if (!(error instanceof TargetError)) throw error
        refused++
      }
    }
    expect(attack.swaps()).toBeGreaterThanOrEqual(swapsWanted)
    expect(refused).toBeGreaterThan(0)
    expect(outside()).toEqual([])
    const after = fs.statSync(scratch.at('outside'), { bigint: true })
    expect([after.mode, after.mtimeNs]).toEqual([before.mode, before.mtimeNs])

    // The same attack must be able to succeed, or the test above proves nothing.
    while (outside().length === 0 && performance.now() < deadline) {
      try {
        fs.writeFileSync(scratch.at('target', 'place', 'file'), 'x')
      } catch {
        // The place is missing for a moment.
      }
    }
    await attack.stop()
    expect(outside()).toEqual(['file'])
  })
})
