import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'

import { counted } from '../../../../foundation/human.ts'
import { requestRaw } from '../../api/request.ts'
import { Failure, Loading } from '../../parts/states.tsx'
import { pathParameters, type FilePath } from './file-path.ts'
import { imageTypeOf, previewText } from './preview-content.ts'

export interface FilePreviewProps {
  readonly snapshotId: string
  readonly path: FilePath
  readonly name: string
  readonly size: number
}

type Content =
  | { readonly is: 'text'; readonly text: string; readonly isCut: boolean }
  | { readonly is: 'image'; readonly address: string }
  | { readonly is: 'bytes' }

const textBytesMax = 256 * 1024
const imageBytesMax = 16 * 1024 * 1024

/**
 * A look into a file. Text is put into the page as text; an image is shown only when its first bytes say that it is one of the kinds
 * that can hold no script, under the type that they say.
 */
export function FilePreview(props: FilePreviewProps): JSX.Element {
  const [content, setContent] = useState<Content>()
  const [error, setError] = useState<Error>()
  const { snapshotId, path, size } = props
  useEffect(() => {
    const abort = new AbortController()
    let address: string | undefined
    readContent(snapshotId, path, size, abort.signal).then(
      (read) => {
        if (read.is === 'image') address = read.address
        setContent(read)
      },
      (failure: unknown) => {
        if (!abort.signal.aborted) setError(failure as Error)
      },
    )
    return () => {
      abort.abort()
      if (address !== undefined) URL.revokeObjectURL(address)
    }
  }, [snapshotId, path.base64 ?? path.text])
  if (error !== undefined) return <Failure error={error} />
  if (content === undefined) return <Loading what="Reading" />
  if (content.is === 'image') {
    return <img class="preview-image" src={content.address} alt={`Preview of ${props.name}`} />
  }
  if (content.is === 'bytes') {
    return (
      <p class="muted">
        Neither text nor a picture that can be shown safely. Download it to look inside.
      </p>
    )
  }
  return (
    <>
      <pre class="preview-text" tabIndex={0} aria-label="Content">
        {content.text}
      </pre>
      {content.isCut && (
        <p class="muted">The first part of {counted(size, 'byte')}; download it for the rest.</p>
      )}
    </>
  )
}

async function readContent(
  snapshotId: string,
  path: FilePath,
  size: number,
  signal: AbortSignal,
): Promise<Content> {
  if (size === 0) return { is: 'text', text: '', isCut: false }
  const first = await readBytes(snapshotId, path, Math.min(size, textBytesMax), signal)
  const type = imageTypeOf(first)
  if (type === undefined) {
    const text = previewText(first)
    return text === undefined ? { is: 'bytes' } : { is: 'text', text, isCut: size > first.length }
  }
  if (size > imageBytesMax) return { is: 'bytes' }
  const all = first.length === size ? first : await readBytes(snapshotId, path, size, signal)
  return { is: 'image', address: URL.createObjectURL(new Blob([all], { type })) }
}

async function readBytes(
  snapshotId: string,
  path: FilePath,
  bytes: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await requestRaw(`snapshots/${encodeURIComponent(snapshotId)}/file`, {
    query: pathParameters(path),
    rangeBytes: bytes,
    signal,
  })
  const buffer = await response.arrayBuffer()
  return new Uint8Array(buffer, 0, Math.min(bytes, buffer.byteLength))
}
