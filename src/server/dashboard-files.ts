import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

import { builtFile } from '../foundation/installed-files.ts'
import { acceptsEncoding } from './accepts-encoding.ts'

/** A file of the front end with its compressed forms, ready to be sent. */
interface DashboardFile {
  readonly type: string
  readonly etag: string
  readonly plain: Buffer<ArrayBuffer>
  readonly compressed: readonly {
    readonly encoding: 'br' | 'gzip'
    readonly bytes: Buffer<ArrayBuffer>
  }[]
}

export interface DashboardFiles {
  /** The answer to a request, or undefined when there is no such file. */
  answer(path: string, headers: Headers): Response | undefined
}

/**
 * Scripts and styles of the page itself and nothing else, requests to this server and no other, no page around it; and no text that
 * becomes markup, whatever the script does.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Where the build puts the front end. */
function builtFolder(): string {
  return fileURLToPath(builtFile('server/dashboard/'))
}

/** Reads the front end into memory: some hundred kilobytes, and no path of a request ever reaches the disk. */
export function loadDashboardFiles(folder: string = builtFolder()): DashboardFiles {
  const files = new Map<string, DashboardFile>()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const type = types[extname(name)]
    if (type !== undefined) files.set(`/${name}`, readDashboardFile(`${folder}/${name}`, type))
  }
  return {
    answer(path, headers) {
      const name = path === '/' ? '/index.html' : path
      const file = files.get(name)
      return file === undefined ? undefined : answerWith(file, name, headers)
    },
  }
}

function readDashboardFile(path: string, type: string): DashboardFile {
  const plain = readFileSync(path)
  return {
    type,
    etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    plain,
    compressed: [
      { encoding: 'br', bytes: readFileSync(`${path}.br`) },
      { encoding: 'gzip', bytes: readFileSync(`${path}.gz`) },
    ],
  }
}

function answerWith(file: DashboardFile, name: string, headers: Headers): Response {
  const form = file.compressed.find(({ encoding }) => acceptsEncoding(headers, encoding))
  const answered = {
    'content-type': file.type,
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    // What is named by its content never changes; the page that names it is asked for each time.
    'cache-control': name.startsWith('/assets/')
      ? 'public, max-age=31536000, immutable'
      : 'no-cache',
    vary: 'accept-encoding',
    etag: file.etag,
  }
  if (headers.get('if-none-match') === file.etag) {
    return new Response(null, { status: 304, headers: answered })
  }
  return new Response(form?.bytes ?? file.plain, {
    headers: { ...answered, ...(form !== undefined && { 'content-encoding': form.encoding }) },
  })
}
