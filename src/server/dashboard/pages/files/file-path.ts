import type { Entry } from '../../../api/answers.ts'

/**
 * A path in a snapshot. Names are bytes: where they are not UTF-8 the path is carried as base64, and `text` is only what is shown.
 */
export interface FilePath {
  readonly text: string
  readonly base64: string | null
}

export function readPath(query: URLSearchParams): FilePath {
  return { text: query.get('path') ?? '/', base64: query.get('path_base64') }
}

/** The parameters that name the path, for the server and for this page's own address. */
export function pathQuery({ text, base64 }: FilePath): Record<string, string | undefined> {
  return base64 === null ? { path: text } : { path: text, path_base64: base64 }
}

/** The same for the server, which takes one of the two. */
export function pathParameters({ text, base64 }: FilePath): Record<string, string> {
  return base64 === null ? { path: text } : { path_base64: base64 }
}

export function joinPath(folder: FilePath, entry: Pick<Entry, 'name' | 'name_base64'>): FilePath {
  const slash = folder.text.endsWith('/') ? '' : '/'
  const text = `${folder.text}${slash}${entry.name}`
  if (folder.base64 === null && entry.name_base64 === null) return { text, base64: null }
  const name = entry.name_base64 === null ? bytesOf(entry.name) : bytesOfBase64(entry.name_base64)
  const before = folder.base64 === null ? bytesOf(folder.text) : bytesOfBase64(folder.base64)
  return { text, base64: toBase64([...before, ...bytesOf(slash), ...name]) }
}

/** The folder and all above it, from the root on. */
export function ancestors({ text, base64 }: FilePath): { name: string; path: FilePath }[] {
  const names = text.split('/').filter((name) => name !== '')
  const bytes = base64 === null ? undefined : bytesOfBase64(base64)
  const root = { name: '/', path: { text: '/', base64: null } }
  return [
    root,
    ...names.map((name, index) => ({
      name,
      path: {
        text: `/${names.slice(0, index + 1).join('/')}`,
        base64: bytes === undefined ? null : toBase64(upToSlash(bytes, index + 1)),
      },
    })),
  ]
}

export function parentOf(path: FilePath): FilePath {
  const all = ancestors(path)
  return all[Math.max(0, all.length - 2)].path
}

export function lastName(path: FilePath): string {
  return ancestors(path).at(-1)?.name ?? '/'
}

/** The bytes of so many names, each behind a slash. */
function upToSlash(bytes: readonly number[], names: number): number[] {
  let slashes = 0
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === 0x2f && ++slashes > names) return bytes.slice(0, at)
  }
  return [...bytes]
}

function bytesOf(text: string): number[] {
  return [...new TextEncoder().encode(text)]
}

function bytesOfBase64(base64: string): number[] {
  return Array.from(atob(base64), (character) => character.charCodeAt(0))
}

function toBase64(bytes: readonly number[]): string {
  return btoa(String.fromCharCode(...bytes))
}
