import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { BenchError } from './harness/bench-error.ts'
import { borgTool } from './tools/borg.ts'
import { borg2Tool } from './tools/borg2.ts'
import { floorTool } from './tools/floor.ts'
import { holdfastTool } from './tools/holdfast.ts'
import { resticTool } from './tools/restic.ts'
import type { Tool } from './tools/tool.ts'

const here: string = dirname(fileURLToPath(import.meta.url))

export const toolNames: readonly string[] = [
  'restic',
  'borg',
  'borg-plain',
  'borg2',
  'floor',
  'holdfast',
  'holdfast-plain',
]

export interface OpenToolOptions {
  readonly benchFolder: string
  /** The built Holdfast. */
  readonly holdfastPath: string
}

/**
 * A tool by its name; a peer that is not in the bench folder yet is brought there.
 * @throws {BenchError} When it cannot be found or brought.
 */
export function openTool(name: string, options: OpenToolOptions): Tool {
  switch (name) {
    case 'restic':
      return resticTool(peer('restic', options))
    case 'borg':
    case 'borg-plain':
      return borgTool({ executable: peer('borg', options), isEncrypted: name === 'borg' })
    case 'borg2':
      return borg2Tool(peer('borg2', options))
    case 'floor':
      return floorTool()
    default:
      return openHoldfast(name, resolve(options.holdfastPath))
  }
}

function openHoldfast(name: string, mainPath: string): Tool {
  if (!existsSync(mainPath))
    throw new BenchError(`Cannot find Holdfast at "${mainPath}": run npm run build first`)
  return holdfastTool({ mainPath, isEncrypted: name === 'holdfast' })
}

function peer(program: string, { benchFolder }: OpenToolOptions): string {
  const executable = join(benchFolder, 'bin', program)
  if (existsSync(executable)) return executable
  const borg = program.startsWith('borg') ? ['--borg'] : []
  try {
    execFileSync(join(here, 'install-peers.sh'), [...borg, benchFolder], {
      stdio: ['ignore', 2, 2],
    })
  } catch (cause) {
    throw new BenchError(`Cannot bring ${program}: see above, or leave it out with --tools`, {
      cause,
    })
  }
  return executable
}
