import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { fastFolder } from '../../test/support/fast-folder.ts'
import { startCeph } from '../../test/s3/engines/ceph.ts'
import { openProxy, type StoreProxy } from '../../test/s3/support/open-proxy.ts'
import type { Requests } from './requests.ts'

const mainPath = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const filesPerHost = 60
const fileBytes = 20_000

/** What happened, and what passed by on the way to the store meanwhile. */
export interface RealBackup {
  readonly host: number
  readonly round: number
  readonly what: 'first' | 'changed' | 'nothing'
  readonly counted: Requests
}

/**
 * Lets the program itself back up so many hosts in turn into one bucket of a real Ceph on loopback, each with a catalogue of its own; in
 * every second round one file of each host has changed. Requests are counted by a proxy, bytes by the program.
 */
export async function runRealFleet(hosts: number, rounds: number): Promise<RealBackup[]> {
  const engine = await startCeph()
  const folder = mkdtempSync(join(fastFolder, 'holdfast-fleet-'))
  try {
    const proxy = await openProxy(engine.access.endpoint)
    const environment = {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ACCESS_KEY_ID: engine.access.accessKeyId,
      AWS_SECRET_ACCESS_KEY: engine.access.secretAccessKey,
      HOLDFAST_PASSPHRASE: 'passphrase',
      HOLDFAST_REPOSITORY: `s3:${proxy.endpoint}/fleet/repository`,
    }
    const run = (host: number, argv: readonly string[]): Promise<Bytes> =>
      runProgram(argv, { ...environment, HOLDFAST_CACHE_DIR: join(folder, `cache-${host}`) })
    await run(0, ['init'])
    const backups: RealBackup[] = []
    for (let round = 0; round < rounds; round++) {
      for (let host = 0; host < hosts; host++) {
        const source = join(folder, `host-${host}`)
        if (round === 0) makeFiles(source)
        const isChanged = round % 2 === 1
        if (isChanged) writeFileSync(join(source, 'folder-0', 'file-0'), randomBytes(fileBytes))
        const begin = proxy.seen.length
        const bytes = await run(host, ['snapshot', source])
        const counted = { ...sumOf(proxy, begin), ...bytes }
        const what = round === 0 ? 'first' : isChanged ? 'changed' : 'nothing'
        backups.push({ host, round, what, counted })
      }
    }
    proxy.close()
    return backups
  } finally {
    rmSync(folder, { recursive: true, force: true })
    await engine.remove()
  }
}

function makeFiles(source: string): void {
  for (let file = 0; file < filesPerHost; file++) {
    const parent = join(source, `folder-${file % 6}`)
    mkdirSync(parent, { recursive: true })
    writeFileSync(join(parent, `file-${file}`), randomBytes(fileBytes))
  }
}

type Bytes = Pick<Requests, 'downBytes' | 'upBytes'>

type Passed = StoreProxy['seen'][number]

function sumOf({ seen }: StoreProxy, begin: number): Omit<Requests, keyof Bytes> {
  const passed = seen.slice(begin)
  const count = (is: (request: Passed) => boolean): number => passed.filter(is).length
  const isList = ({ line, query }: Passed): boolean =>
    line.startsWith('GET ') && query.includes('list-type=2')
  return {
    gets: count((request) => request.line.startsWith('GET ') && !isList(request)),
    puts: count(({ line }) => line.startsWith('PUT ')),
    lists: count(isList),
    deletes: count(({ line }) => line.startsWith('DELETE ')),
  }
}

async function runProgram(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Bytes> {
  const child = spawn(process.execPath, [mainPath, ...argv, '--json'], {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let told = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text))
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
  if (status !== 0) throw new Error(`holdfast ${argv.join(' ')} ended with ${status}: ${told}`)
  const line = told.split('\n').find((text) => text.includes('"requests"')) ?? '{}'
  const { downloaded_bytes: downBytes = 0, uploaded_bytes: upBytes = 0 } = JSON.parse(line) as {
    downloaded_bytes?: number
    uploaded_bytes?: number
  }
  return { downBytes, upBytes }
}
