import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

import { loadDashboardFiles } from '../../../src/server/dashboard-files.ts'

const files = loadDashboardFiles()

async function bytesOf(response: Response | undefined): Promise<Buffer> {
  return Buffer.from((await response?.arrayBuffer()) ?? new ArrayBuffer())
}

/** Paths of the scripts, styles and pictures that the page names. */
async function assets(): Promise<string[]> {
  const page = (await bytesOf(files.answer('/', new Headers()))).toString()
  return [...page.matchAll(/"(assets\/[^"]+)"/g)].map(([, path]) => `/${path}`)
}

describe('the files of the dashboard', () => {
  it('are the page and what it names', async () => {
    const named = await assets()
    expect(named.map((path) => path.slice(path.lastIndexOf('.'))).sort()).toEqual([
      '.css',
      '.js',
      '.svg',
    ])
    for (const path of named) expect(files.answer(path, new Headers())?.status).toBe(200)
  })

  it('are nothing else, whatever the path', () => {
    for (const path of [
      '/index.html.br',
      '/assets',
      '/../package.json',
      '/assets/../../cli/main.js',
      '/%2e%2e/x',
      '//',
      '',
    ]) {
      expect(files.answer(path, new Headers())).toBeUndefined()
    }
  })

  it('are sent in the best form that the browser takes', async () => {
    const script = (await assets()).find((path) => path.endsWith('.js')) ?? ''
    const plain = await bytesOf(files.answer(script, new Headers()))
    const forms: [accepted: string, encoding: string | null, open: (bytes: Buffer) => Buffer][] = [
      ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
      ['gzip', 'gzip', gunzipSync],
      ['br;q=0, gzip;q=0.5', 'gzip', gunzipSync],
      ['identity', null, (bytes) => bytes],
      ['', null, (bytes) => bytes],
    ]
    for (const [accepted, encoding, open] of forms) {
      const response = files.answer(script, new Headers({ 'accept-encoding': accepted }))
      expect(response?.headers.get('content-encoding')).toBe(encoding)
      expect(open(await bytesOf(response)).equals(plain)).toBe(true)
    }
  })

  it('are kept by the browser when their names say what they hold, and asked for when not', async () => {
    const page = files.answer('/', new Headers())
    expect(page?.headers.get('cache-control')).toBe('no-cache')
    const etag = page?.headers.get('etag') ?? ''
    expect(files.answer('/', new Headers({ 'if-none-match': etag }))?.status).toBe(304)
    expect(files.answer('/', new Headers({ 'if-none-match': '"other"' }))?.status).toBe(200)
    for (const path of await assets()) {
      expect(files.answer(path, new Headers())?.headers.get('cache-control')).toContain('immutable')
    }
  })

  it('allow the page no script, style or request of anybody else', async () => {
    const { headers } = files.answer('/', new Headers()) ?? new Response()
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("require-trusted-types-for 'script'")
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    const page = (await bytesOf(files.answer('/', new Headers()))).toString()
    expect(page).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)|https?:\/\//)
  })

  it('weigh less than 80 KB together as they are sent', async () => {
    let total = 0
    for (const path of ['/', ...(await assets())]) {
      const response = files.answer(path, new Headers({ 'accept-encoding': 'gzip' }))
      total += (await bytesOf(response)).length
    }
    expect(total).toBeLessThan(80_000)
    expect(total).toBeGreaterThan(10_000)
  })
})
