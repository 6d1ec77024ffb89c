import type { Design } from './backup-requests.ts'
import type { BackupRun, Fleet, PruneRun, StoredByRun } from './simulate.ts'

/** What is assumed of a fleet; every figure of docs/SCALE.md that is no measurement follows from it. */
export interface FleetAssumptions {
  readonly design?: Design
  readonly hosts: number
  readonly days: number
  readonly backupsPerDay: number
  /** How long a backup takes. */
  readonly minutes: number
  /** Hours of a day over which the backups of a round are spread. */
  readonly spreadHours: number
  readonly storedBytes: number
  readonly files: number
  readonly chunks: number
  /** Part of a host's files that is new or changed each day. */
  readonly changedPerDay: number
  /** Snapshots that are kept of each host. */
  readonly keptPerHost: number
  readonly daysBetweenPrunes: number
}

/** 100 TB of 1,000 hosts; 1.5 chunks for each file, see docs/SCALE.md. */
export const largeFleet: FleetAssumptions = {
  hosts: 1000,
  days: 30,
  backupsPerDay: 1,
  minutes: 5,
  spreadHours: 24,
  storedBytes: 100e12,
  files: 1e9,
  chunks: 1.5e9,
  changedPerDay: 0.01,
  keptPerHost: 30,
  daysBetweenPrunes: 7,
}

/** Measured, see docs/SCALE.md: bytes of index object for each chunk, of stored directory pages for each file. */
export const indexBytesPerChunk = 37
export const treeBytesPerFile = 97
/** Of a page that holds a changed entry; folders have about so many files. */
const filesPerPage = 100
/** Changed files lie together: each page that is written anew has so many of them. */
const changedPerPage = 4
/** Packs are closed between 24 and 32 MiB. */
export const packBytes: number = 28 * 1024 * 1024
const packsPerIndex = 32
const minutesPerDay = 24 * 60

/** What one backup of one host stores. */
export function storedByBackup(fleet: FleetAssumptions): StoredByRun {
  const part = fleet.changedPerDay / fleet.backupsPerDay / fleet.hosts
  const dataBytes = fleet.storedBytes * part
  const treeBytes = ((fleet.files * part) / changedPerPage) * filesPerPage * treeBytesPerFile
  // What is left of the data, and the pages, go into a pack each.
  const packs = Math.floor(dataBytes / packBytes) + 2
  const indexes = Math.ceil(packs / packsPerIndex)
  const indexBytes = fleet.chunks * part * indexBytesPerChunk
  const bytes = dataBytes + treeBytes + indexBytes
  const treePacks = Math.max(1, Math.ceil(treeBytes / packBytes))
  return { packs, smallPacks: 1, indexes, treePacks, bytes, indexBytes, treeBytes }
}

/** A month of backups, spread evenly, and the prunes of one host. */
export function fleetMonth(assumed: FleetAssumptions): Fleet {
  const stored = storedByBackup(assumed)
  const packs = Math.ceil(assumed.storedBytes / packBytes)
  return {
    ...(assumed.design && { design: assumed.design }),
    hosts: assumed.hosts,
    backups: backupsOf(assumed, stored),
    prunes: prunesOf(assumed),
    start: {
      snapshots: assumed.hosts * assumed.keptPerHost,
      packs,
      indexes: Math.ceil(packs / packsPerIndex),
      journal: 100,
      indexBytes: assumed.chunks * indexBytesPerChunk,
      packBytes: assumed.storedBytes,
    },
    snapshotBytes: 830,
  }
}

function backupsOf(assumed: FleetAssumptions, stored: StoredByRun): BackupRun[] {
  const { hosts, days, backupsPerDay, minutes } = assumed
  const roundMinutes = minutesPerDay / backupsPerDay
  const spreadMinutes = Math.min(assumed.spreadHours * 60, roundMinutes)
  const runs: BackupRun[] = []
  for (let round = 0; round < days * backupsPerDay; round++) {
    for (let host = 0; host < hosts; host++) {
      const at = round * roundMinutes + (host / hosts) * spreadMinutes
      runs.push({ host, at, minutes, stored })
    }
  }
  return runs
}

/** As much goes as comes: packs of which the contents are older than what is kept. */
function prunesOf(assumed: FleetAssumptions): PruneRun[] {
  const { days, daysBetweenPrunes, hosts, backupsPerDay, changedPerDay } = assumed
  const prunes: PruneRun[] = []
  for (let day = daysBetweenPrunes; day <= days; day += daysBetweenPrunes) {
    prunes.push({
      at: day * minutesPerDay,
      deadPackRatio: changedPerDay * daysBetweenPrunes,
      forgotten: hosts * backupsPerDay * daysBetweenPrunes,
    })
  }
  return prunes
}
