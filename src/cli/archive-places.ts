import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

import type { Session } from './session.ts'

const historyName = 'backup_history.jsonl'

/** Where archives and their history are, when nothing else is said: where config.yml has them, else where the documented system had them. */
export interface ArchivePlaces {
  /** The folder that names in archives start from. */
  readonly project: string
  readonly folder: string
  readonly historyFile: string
  readonly hasConfiguration: boolean
}

export async function findArchivePlaces(session: Session): Promise<ArchivePlaces> {
  const configuration = await session.configuration()
  const project = configuration?.folder ?? session.workingFolder
  const exports = configuration?.settings.exports
  return {
    project,
    folder: exports?.folder ?? resolve(project, 'backups'),
    historyFile: exports?.historyFile ?? resolve(project, 'logs', historyName),
    hasConfiguration: configuration !== undefined,
  }
}

/** Beside an export to a folder of its own. */
export function historyIn(folder: string): string {
  return join(folder, historyName)
}

/** The history that belongs to archives: beside them, else in the `logs/` beside their folder, else the project's. */
export function findHistory(folder: string, places: ArchivePlaces): string | undefined {
  const candidates = [
    historyIn(folder),
    join(dirname(folder), 'logs', historyName),
    places.historyFile,
  ]
  return candidates.find((file) => existsSync(file))
}
