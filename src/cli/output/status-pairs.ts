import { escapeText } from '../../foundation/escape-bytes.ts'
import { humanBytes, humanCount, humanTime } from '../../foundation/human.ts'
import type { StatusResult } from '../library.ts'
import { shortId, statusWord } from './snapshot-json.ts'

/** What the repository is and holds. */
export function repositoryPairs(status: StatusResult, location: string): [string, string][] {
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
