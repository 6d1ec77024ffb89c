import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { objectFiles, type ObjectFolder } from '../object-name.ts'
import type { StoredObject } from '../storage.ts'

/** Sends one request, again when it fails in a way that may pass. */
export type SendPage = (command: ListObjectsV2Command) => Promise<ListObjectsV2CommandOutput>

interface Span {
  /** Keys begin with it. */
  readonly prefix: string
  /** Keys come after it. */
  readonly after?: string
}

const hexadecimalDigits = '0123456789abcdef'

/**
 * Lists the objects of a folder in the order of their names. A store gives a thousand keys at a time, and each page begins where the last one
 * ended; names are hashes, so where there is more than one page the rest is listed by first digits, all at once.
 */
export async function listKeys(
  at: { readonly bucket: string; readonly prefix: string },
  folder: ObjectFolder,
  send: SendPage,
): Promise<StoredObject[]> {
  const start = `${at.prefix}${folder}/`
  const sizes = new Map<string, number>()
  const take = (result: ListObjectsV2CommandOutput): void => {
    for (const { Key, Size } of result.Contents ?? []) {
      if (Key?.startsWith(start) === true) sizes.set(Key.slice(start.length), Size ?? 0)
    }
  }
  const listPage = async ({ prefix, after }: Span): Promise<string | undefined> => {
    const result = await send(
      new ListObjectsV2Command({ Bucket: at.bucket, Prefix: prefix, StartAfter: after }),
    )
    take(result)
    // The last key and not the store's token: tokens are for one chain of pages, and keys are for all.
    return result.IsTruncated === true ? result.Contents?.at(-1)?.Key : undefined
  }
  const last = await listPage({ prefix: start })
  if (last !== undefined) {
    await Promise.all(
      spansAfter(start, last).map(async (span) => {
        for (let after = span.after, isFirst = true; isFirst || after !== undefined;) {
          isFirst = false
          after = await listPage({ prefix: span.prefix, ...(after !== undefined && { after }) })
        }
      }),
    )
  }
  const files = objectFiles(folder, [...sizes.keys()]).toSorted()
  return files.map((file) => ({ name: `${folder}/${file}`, bytes: sizes.get(file) ?? 0 }))
}

/** What is left of a folder after a page that ended with this key, by first digits. */
export function spansAfter(start: string, last: string): Span[] {
  const digit = last.charAt(start.length)
  const position = hexadecimalDigits.indexOf(digit)
  // A foreign key in the folder, or the folder's own (as consoles make them): what comes is listed as one.
  if (digit === '' || position < 0) return [{ prefix: start, after: last }]
  const spans: Span[] = [{ prefix: `${start}${digit}`, after: last }]
  for (const later of hexadecimalDigits.slice(position + 1)) {
    spans.push({ prefix: `${start}${later}` })
  }
  return spans
}
