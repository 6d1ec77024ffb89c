import { apiAddress, requestRaw } from '../../api/request.ts'
import { notifyFailure } from '../../state/notices.ts'
import { pathParameters, type FilePath } from './file-path.ts'

/** Where a file's bytes are; a link to it needs no script, and the browser writes it straight to the disk. */
export function fileAddress(snapshotId: string, path: FilePath, isDownload: boolean): string {
  return apiAddress(`snapshots/${encodeURIComponent(snapshotId)}/file`, {
    ...pathParameters(path),
    download: isDownload ? 1 : undefined,
  })
}

/** The body that names files to the server. */
export function pathsBody(paths: readonly FilePath[]): Record<string, readonly string[]> {
  const texts = paths.filter(({ base64 }) => base64 === null).map(({ text }) => text)
  const bytes = paths.flatMap(({ base64 }) => (base64 === null ? [] : [base64]))
  return { paths: texts, ...(bytes.length > 0 && { paths_base64: bytes }) }
}

export async function downloadArchive(
  snapshotId: string,
  paths: readonly FilePath[],
): Promise<void> {
  try {
    const response = await requestRaw(`snapshots/${encodeURIComponent(snapshotId)}/archive`, {
      method: 'POST',
      body: pathsBody(paths),
    })
    saveBlob(await response.blob(), `${snapshotId.slice(0, 12)}.tar.gz`)
  } catch (error) {
    notifyFailure(error)
  }
}

function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The browser has begun to write by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
