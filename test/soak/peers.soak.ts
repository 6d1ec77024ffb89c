import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomBytesOf } from '../support/random-bytes.ts'
import { removeTree } from '../support/remove-tree.ts'
import { scanTree, treeDifferences, type ScannedTree } from '../support/scan-tree.ts'
import { buildDiskTool, openDisk, whyNoPowerCut, type Disk } from './crash/disk.ts'
import { openSourceFolder, type SourceFolder } from './crash/source-folder.ts'
import type { Soak, SoakContext } from './frame/soak.ts'
import { borgPeer } from './peers/borg.ts'
import { holdfastPeer } from './peers/holdfast.ts'
import type { PeerCommand, PeerSite, PeerTool } from './peers/peer-tool.ts'
import { resticPeer } from './peers/restic.ts'
import { runPeerCommand, type CommandRun } from './peers/run-command.ts'

const MiB = 1024 * 1024
/** Backups that are left standing. */
const backupsMax = 4
const crashesPerContentCheck = 20
/** Commands that are let live, to see that the tool goes on after crashes. */
const sparedRatio = 0.2
const bigBackupBytes = 150 * MiB
/** As restic and borg say it. */
const isLockError = /already locked|acquire the lock/i

export const soak: Soak = {
  proves:
    'What restic and borg do under the same attack, for comparison: their commands are killed, or the power of their disk is cut, at\n' +
    'random moments of backups and of deleting and freeing space. A violation is one of Holdfast only; of the others it is a figure.',
  takes: 'about 15 min for each tool and attack',
  unit: 'crashes',
  countDefault: 200,
  options: {
    tool: { description: 'holdfast, restic or borg', default: 'holdfast' },
    executable: { description: "the tool's program", default: '' },
    attack: { description: 'kill, power-cut, or resume (killed big backups)', default: 'kill' },
  },
  async run(context) {
    const tool = toolOf(context)
    const attack = context.option('attack')
    if (attack === 'resume') return await measureRestarts(context, tool)
    const disk = attack === 'power-cut' ? await makeDisk(context) : undefined
    const run = new CrashedTool(context, tool, disk)
    try {
      await run.attack()
    } finally {
      await disk?.release()
    }
    if (tool.name === 'holdfast') for (const text of run.faults()) context.violation(text)
    return {
      done: run.tally.crashes,
      figures: { tool: `${tool.name} ${tool.version}`, attack, ...run.figures() },
    }
  },
}

function toolOf(context: SoakContext): PeerTool {
  const executable = context.option('executable')
  switch (context.option('tool')) {
    case 'holdfast':
      return holdfastPeer()
    case 'restic':
      return resticPeer(executable || 'restic')
    case 'borg':
      return borgPeer(executable || 'borg')
    default:
      throw new RangeError('--tool is holdfast, restic or borg')
  }
}

async function makeDisk({ folder }: SoakContext): Promise<Disk> {
  const reason = await whyNoPowerCut()
  if (reason !== undefined) throw new Error(`Cannot cut power here: ${reason}`)
  // borg wants half a gigabyte to be free before it begins.
  const disk = openDisk(
    folder,
    { type: 'ext4', options: 'data=ordered' },
    buildDiskTool(folder),
    join(folder, 'mount'),
    4096 * MiB,
  )
  disk.mount()
  return disk
}

interface Backup {
  /** As it was acknowledged; restic 0.14 says only the beginning. */
  readonly id: string
  /** What the source was; undefined for one that was there without being acknowledged. */
  readonly state: string | undefined
  isBeingRemoved: boolean
}

/** One repository of one tool, crashed again and again. */
class CrashedTool {
  readonly tally = {
    crashes: 0,
    acknowledged: 0,
    lostAcknowledged: 0,
    damagedAcknowledged: 0,
    unlocksNeeded: 0,
    cachesToDelete: 0,
    repairsNeeded: 0,
    unusableRepositories: 0,
    failedChecks: 0,
  }
  readonly #context: SoakContext
  readonly #tool: PeerTool
  readonly #disk: Disk | undefined
  readonly #source: SourceFolder
  readonly #notes: string[] = []
  readonly #durations = new Map<string, number>()
  #site: PeerSite
  #backups: Backup[] = []
  #sites = 0
  #names = 0

  constructor(context: SoakContext, tool: PeerTool, disk: Disk | undefined) {
    this.#context = context
    this.#tool = tool
    this.#disk = disk
    this.#source = openSourceFolder(context.folder, 'a', context.random)
    this.#site = this.#newSite()
  }

  figures(): Record<string, string | number> {
    const { crashes: _, ...figures } = this.tally
    return { ...figures, notes: this.#notes.slice(0, 12).join(' | ') || 'none' }
  }

  /** What counts as a fault of Holdfast. */
  faults(): string[] {
    const { crashes, acknowledged, ...faults } = this.tally
    return Object.entries(faults).flatMap(([name, count]) =>
      count > 0
        ? [`${name}: ${count} in ${crashes} crashes (${acknowledged}); ${this.#notes.join(' | ')}`]
        : [],
    )
  }

  async attack(): Promise<void> {
    const { count, random, isOver, progress } = this.#context
    await this.#begin()
    let nextCheck = crashesPerContentCheck
    while (this.tally.crashes < count && !isOver()) {
      this.#source.change()
      const isRemoval =
        this.#backups.length > backupsMax || (this.#backups.length > 2 && random() < 0.3)
      await (isRemoval ? this.#remove() : this.#backUp())
      await this.#compareList()
      if (this.tally.crashes >= nextCheck) {
        nextCheck += crashesPerContentCheck
        await this.#checkContents()
      }
      progress(this.tally.crashes)
    }
    await this.#checkContents()
  }

  #newSite(): PeerSite {
    this.#sites += 1
    const folder = join(this.#disk?.path ?? this.#context.folder, `site-${this.#sites}`)
    mkdirSync(join(folder, 'home'), { recursive: true })
    return {
      repository: join(folder, 'repository'),
      home: join(folder, 'home'),
      source: this.#source.path,
    }
  }

  async #begin(): Promise<void> {
    const made = await runPeerCommand(this.#tool.create(this.#site))
    if (made.status !== 0) throw new Error(`Cannot create: ${made.errors}`)
    this.#disk?.sync()
  }

  async #backUp(): Promise<void> {
    const { state } = this.#source
    this.#names += 1
    const command = this.#tool.backup(this.#site, `backup-${this.#names}`)
    const output = await this.#crash('backup', [command])
    const saved = this.#tool.acknowledged(output)
    if (!saved) return
    this.tally.acknowledged += 1
    this.#backups.push({ id: saved.id, state, isBeingRemoved: false })
  }

  async #remove(): Promise<void> {
    const going = this.#backups.filter(
      (_, at) => at < this.#backups.length - 1 && this.#context.random() < 0.5,
    )
    if (going.length === 0) return
    for (const backup of going) backup.isBeingRemoved = true
    await this.#crash(
      'remove',
      this.#tool.remove(
        this.#site,
        going.map(({ id }) => id),
      ),
    )
  }

  /** Runs the commands and crashes one of them, or none; returns all output. */
  async #crash(kind: string, commands: readonly PeerCommand[]): Promise<string> {
    const { random } = this.#context
    const known = this.#durations.get(kind)
    const isSpared = known === undefined || random() < sparedRatio
    let leftMs = isSpared ? Infinity : random() * known
    let output = ''
    let totalMs = 0
    for (const command of commands) {
      const run = isSpared
        ? await this.#mustSucceed(command)
        : await this.#runUntil(command, leftMs)
      output += run.output
      totalMs += run.ms
      leftMs -= run.ms
      if (leftMs <= 0) break
    }
    if (isSpared)
      this.#durations.set(kind, known === undefined ? totalMs : known * 0.8 + totalMs * 0.2)
    if (!isSpared) {
      this.tally.crashes += 1
      if (this.#disk) {
        this.#disk.cut()
        await this.#disk.unmount()
        this.#disk.mount()
      }
    }
    return output
  }

  async #runUntil(command: PeerCommand, afterMs: number): Promise<CommandRun> {
    const disk = this.#disk
    if (!disk) return await runPeerCommand(command, { killAfterMs: afterMs })
    const timer = setTimeout(() => disk.cut(), afterMs)
    // No process outlives its power for long; some would try again for minutes.
    const run = await runPeerCommand(command, { killAfterMs: afterMs + 500 })
    clearTimeout(timer)
    return run
  }

  /** A command that nobody disturbs. When it fails, what the manual says is done, and counted. */
  async #mustSucceed(command: PeerCommand): Promise<CommandRun> {
    let run = await runPeerCommand(command)
    if (run.status === 0) return run
    this.#note(command, run)
    const unlock = this.#tool.breakLock(this.#site)
    if (unlock && isLockError.test(run.errors)) {
      this.tally.unlocksNeeded += 1
      await runPeerCommand(unlock)
      run = await runPeerCommand(command)
      if (run.status === 0) return run
      this.#note(command, run)
    }
    this.tally.cachesToDelete += 1
    rmSync(this.#tool.cache(this.#site), { recursive: true, force: true })
    run = await runPeerCommand(command)
    if (run.status === 0) return run
    this.#note(command, run)
    this.tally.repairsNeeded += 1
    for (const step of this.#tool.repair(this.#site)) await runPeerCommand(step)
    run = await runPeerCommand(command)
    if (run.status === 0) return run
    this.#note(command, run)
    this.tally.unusableRepositories += 1
    this.tally.lostAcknowledged += this.#backups.filter(
      ({ state, isBeingRemoved }) => state !== undefined && !isBeingRemoved,
    ).length
    this.#backups = []
    this.#site = this.#newSite()
    await this.#begin()
    return { ...run, output: '' }
  }

  #note({ argv }: PeerCommand, { status, errors, output }: CommandRun): void {
    const lines = (errors || output).trim().split('\n')
    const telling = lines.filter((line) =>
      /error|exception|lock|corrupt|damag|missing|exist/i.test(line),
    )
    const text = (telling.length > 0 ? telling : lines).slice(-3).join(' / ')
    const verb = argv.find((word) => /^[a-z-]+$/.test(word) && !word.startsWith('-')) ?? argv[0]
    this.#notes.push(
      `crash ${this.tally.crashes}: ${verb}: status ${status}: ${text.slice(0, 300)}`,
    )
  }

  async #compareList(): Promise<void> {
    const site = this.#site
    const run = await this.#mustSucceed(this.#tool.list(site))
    // The repository was given up.
    if (site !== this.#site) return
    const unknown = new Set(this.#tool.listed(run.output))
    const there: Backup[] = []
    for (const backup of this.#backups) {
      const id = [...unknown].find((listed) => listed.startsWith(backup.id))
      if (id !== undefined) {
        unknown.delete(id)
        there.push({ ...backup, id })
      } else if (!backup.isBeingRemoved) {
        this.tally.lostAcknowledged += 1
        this.#notes.push(`crash ${this.tally.crashes}: backup ${backup.id} is lost`)
      }
    }
    for (const id of unknown) there.push({ id, state: undefined, isBeingRemoved: false })
    this.#backups = there
    for (const backup of this.#backups) backup.isBeingRemoved = false
  }

  async #checkContents(): Promise<void> {
    const site = this.#site
    const check = await runPeerCommand(this.#tool.check(site))
    if (check.status !== 0) {
      const unlock = this.#tool.breakLock(site)
      const isLocked = isLockError.test(check.errors)
      if (unlock && isLocked) this.tally.unlocksNeeded += 1
      this.#note(this.#tool.check(site), check)
      if (unlock && isLocked) await runPeerCommand(unlock)
      const again = unlock && isLocked ? await runPeerCommand(this.#tool.check(site)) : check
      if (again.status !== 0) this.tally.failedChecks += 1
    }
    for (const { id, state } of this.#backups) {
      if (state === undefined) continue
      if (await this.#isIntact(id, this.#source.scanned(state))) continue
      this.tally.damagedAcknowledged += 1
    }
    this.#source.keep(new Set(this.#backups.map(({ state }) => state ?? '')))
    this.#disk?.sync()
  }

  async #isIntact(id: string, expected: ScannedTree | undefined): Promise<boolean> {
    const target = mkdtempSync(join(this.#context.folder, 'restored-'))
    const command = this.#tool.restore(this.#site, id, target)
    const run = await runPeerCommand(command)
    const restored = join(target, this.#site.source)
    const isThere = run.status === 0 && existsSync(restored) && expected !== undefined
    // Contents are what it is about; what each tool keeps beyond them is another matter.
    const ignored = ['mode', 'owner', 'mtime', 'xattrs', 'links', 'ranges'] as const
    const differences = isThere
      ? treeDifferences(expected, scanTree(restored), ignored)
      : ['nothing']
    removeTree(target)
    if (differences.length === 0) return true
    this.#note(command, run)
    this.#notes.push(differences.slice(0, 3).join(', '))
    return false
  }
}

/** How much a second run stores when the first was killed at four fifths of its way. */
async function measureRestarts(context: SoakContext, tool: PeerTool): ReturnType<Soak['run']> {
  const { folder, count, isOver, progress } = context
  const source = join(folder, 'source')
  mkdirSync(source)
  for (let file = 0; file < 50; file++) {
    writeFileSync(join(source, `file-${file}`), randomBytesOf(file, bigBackupBytes / 50))
  }
  const makeSite = (name: string): PeerSite => {
    const home = join(folder, name, 'home')
    mkdirSync(home, { recursive: true })
    return { repository: join(folder, name, 'repository'), home, source }
  }
  const whole = makeSite('whole')
  await runPeerCommand(tool.create(whole))
  const wholeMs = (await runPeerCommand(tool.backup(whole, 'whole'))).ms
  removeTree(join(folder, 'whole'))
  const stored: number[] = []
  let manualSteps = 0
  for (let done = 0; done < count && !isOver(); done++) {
    const site = makeSite(`site-${done}`)
    await runPeerCommand(tool.create(site))
    const killed = await runPeerCommand(tool.backup(site, 'killed'), { killAfterMs: wholeMs * 0.8 })
    if (killed.status === 0) continue
    let second = await runPeerCommand(tool.backup(site, 'second'))
    const unlock = tool.breakLock(site)
    if (second.status !== 0 && unlock) {
      manualSteps += 1
      await runPeerCommand(unlock)
      second = await runPeerCommand(tool.backup(site, 'third'))
    }
    stored.push((tool.acknowledged(second.output)?.addedBytes ?? NaN) / bigBackupBytes)
    rmSync(join(folder, `site-${done}`), { recursive: true })
    progress(done + 1)
  }
  const percents = stored.toSorted((a, b) => a - b).map((ratio) => `${Math.round(ratio * 100)} %`)
  return {
    done: stored.length,
    figures: {
      tool: `${tool.name} ${tool.version}`,
      attack: 'resume',
      'whole backup, seconds': Math.round(wholeMs / 100) / 10,
      manualSteps,
      'stored by the second run': percents.join(', '),
    },
  }
}
