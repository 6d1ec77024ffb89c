import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { arch, cpus, release, totalmem } from 'node:os'

/** What a reader needs to know of the machine to judge absolute figures. */
export interface Machine {
  readonly processor: string
  readonly coreCount: number
  readonly memoryBytes: number
  readonly system: string
  readonly fileSystem: string
  readonly node: string
}

/** Describes this machine; `folder` tells which file system the bench runs on. */
export function describeMachine(folder: string): Machine {
  const cores = cpus()
  return {
    processor: cores[0]?.model.trim() || arch(),
    coreCount: cores.length,
    memoryBytes: totalmem(),
    system: `${distribution()}, Linux ${release()}`,
    fileSystem: fileSystemOf(folder),
    node: process.version,
  }
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux'
  } catch {
    return 'Linux'
  }
}

function fileSystemOf(folder: string): string {
  const argv = ['--noheadings', '--output', 'FSTYPE', '--target', folder]
  // A folder may be mounted over several times.
  return execFileSync('findmnt', argv, { encoding: 'utf8' }).trim().split('\n')[0]
}
