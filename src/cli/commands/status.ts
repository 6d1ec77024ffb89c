import type { Command } from 'commander'

import { escapeText } from '../../foundation/escape-bytes.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import type { StatusResult } from '../library.ts'
import { humanBytes, humanCount, humanTime } from '../output/human.ts'
import { writeJsonLine, type JsonObject } from '../output/json.ts'
import { listedSnapshotJson, shortId, statusWord } from '../output/snapshot-json.ts'
import { formatPairs } from '../output/table.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

export function defineStatus(command: Command, run: RunAction): void {
  addExamples(command, [
    ['holdfast status', 'show snapshots, sizes and how much deduplication saves'],
    ['holdfast status --json', 'print the same as one JSON object'],
  ])
  command.action(() => run(command, showStatus))
}

async function showStatus(session: Session): Promise<ExitStatus> {
  const { terminal } = session
  const { location } = await session.openOptions()
  const status = await session.withRepository(async (library, repository) =>
    library.status(repository),
  )
  if (session.isJson) writeJsonLine(terminal, statusJson(status, location))
  else terminal.writeOutput(formatPairs(statusPairs(status, location)))
  return exitStatus.done
}

function statusPairs(status: StatusResult, location: string): [string, string][] {
  const { latest } = status
  return [
    ['Repository', escapeText(location)],
    ['Id', status.repositoryId],
    ['Encryption', status.encryption],
    ['Average chunk', humanBytes(status.chunkAverageBytes)],
    [
      'Snapshots',
      `${humanCount(status.snapshots)}, ${humanCount(status.verifiedSnapshots)} verified`,
    ],
    [
      'Newest',
      latest === undefined
        ? 'none'
        : `${shortId(latest.id)}  ${humanTime(latest.startedAtMs)}  ${latest.type}  ${statusWord(latest)}`,
    ],
    ['All files', `${humanBytes(status.sourceBytes)} in all snapshots together`],
    ['Unique', `${humanBytes(status.uniqueBytes)} in ${humanCount(status.blobs)} blobs`],
    [
      'Stored',
      `${humanBytes(status.storedBytes)} in ${humanCount(status.packs)} packs${ratioText(status)}`,
    ],
  ]
}

function ratioText({ sourceBytes, storedBytes }: StatusResult): string {
  return storedBytes === 0
    ? ''
    : `, ${(sourceBytes / storedBytes).toFixed(1)} times less than the files`
}

function statusJson(status: StatusResult, location: string): JsonObject {
  return {
    message_type: 'status',
    repository: location,
    id: status.repositoryId,
    encryption: status.encryption,
    chunk_average_bytes: status.chunkAverageBytes,
    snapshots: status.snapshots,
    verified_snapshots: status.verifiedSnapshots,
    latest: status.latest === undefined ? null : listedSnapshotJson(status.latest),
    packs: status.packs,
    stored_bytes: status.storedBytes,
    blobs: status.blobs,
    unique_bytes: status.uniqueBytes,
    source_bytes: status.sourceBytes,
  }
}
