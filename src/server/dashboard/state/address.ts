/** Where the person is: the part of the address behind `#`, such as `#/files/3fa9?path=/etc`. */
export interface Route {
  readonly page: string
  /** What follows the page's name in the path. */
  readonly rest: readonly string[]
  readonly query: URLSearchParams
}

export type Query = Readonly<Record<string, string | undefined>>

export function parseRoute(hash: string): Route {
  const [path, query] = splitOnce(hash.replace(/^#/, ''), '?')
  const parts = path.split('/').filter((part) => part !== '')
  const [page = 'overview', ...rest] = parts.map(decodePart)
  return { page, rest, query: new URLSearchParams(query) }
}

/** The address of a page, for links. */
export function hrefTo(parts: readonly string[], query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') parameters.set(name, value)
  }
  const text = parameters.toString()
  return `#/${parts.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
