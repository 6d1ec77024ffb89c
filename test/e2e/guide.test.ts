import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { checkout, until } from './workspace.ts'

/** A block of commands of the guide. */
interface Block {
  readonly heading: string
  readonly text: string
  /** Why it is only to be read; undefined when it is run. */
  readonly notRun: string | undefined
  readonly needsServer: boolean
}

function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  let heading = ''
  for (const [, title, note, text] of page.matchAll(
    /^##+ (.+)$|(?:^<!-- (.+) -->\n)?^```bash\n([^]*?)^```$/gm,
  )) {
    if (title !== undefined) heading = title
    else {
      const [, notRun] = /^not run: (.+)$/.exec(note ?? '') ?? []
      blocks.push({ heading, text, notRun, needsServer: note === 'with a server' })
    }
  }
  return blocks
}

const guide = readFileSync(join(checkout, 'docs/GUIDE.md'), 'utf8')
const blocks = blocksOf(guide)
const token = 'a-token-of-the-guide-for-this-test'
let folder: string
let port: number

/** What a checkout with an application around it looks like. */
function makeProject(): void {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-guide-'))
  for (const name of ['Makefile', 'package.json', 'node_modules', 'dist', 'src', '.ci']) {
    symlinkSync(join(checkout, name), join(folder, name))
  }
  for (const name of ['package-lock.json', 'tsconfig.json']) {
    symlinkSync(join(checkout, name), join(folder, name))
  }
  for (const path of ['data/index', 'logs/cache', 'bin', 'home']) {
    mkdirSync(join(folder, path), { recursive: true })
  }
  writeFileSync(join(folder, 'data/index/main.faiss'), Buffer.alloc(300_000, 'vector'))
  writeFileSync(join(folder, 'logs/cache/entry.json'), '{}')
  writeFileSync(join(folder, 'logs/app.log'), 'started\n')
  writeFileSync(join(folder, 'config.yml'), readFileSync(join(checkout, 'config.yml')))
  program('holdfast', `exec "${process.execPath}" "${join(checkout, 'dist/cli/main.js')}" "$@"`)
  // What is built stays as it is: other tests use it at this moment.
  program('make', 'exec /usr/bin/make -o dist/cli/main.js -o node_modules/.holdfast-installed "$@"')
}

function program(name: string, line: string): void {
  const path = join(folder, 'bin', name)
  writeFileSync(path, `#!/bin/sh\n${line}\n`)
  chmodSync(path, 0o755)
}

function environment(): NodeJS.ProcessEnv {
  return {
    PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
    HOME: join(folder, 'home'),
    HOLDFAST_TOKEN: token,
  }
}

function runBlock(text: string): { status: number | null; output: string } {
  const script = text
    .replaceAll('<backup_id>', 'latest')
    .replaceAll('localhost:8080', `localhost:${port}`)
  const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: folder,
    env: environment(),
    encoding: 'utf8',
    timeout: 100_000,
  })
  return { status, output: `${stdout}${stderr}` }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function withServer(work: () => void): Promise<void> {
  const server = spawn(join(folder, 'bin/holdfast'), ['serve', '--port', `${port}`], {
    cwd: folder,
    env: environment(),
    stdio: 'ignore',
  })
  try {
    const answers = (): boolean =>
      spawnSync('curl', ['-fsS', `http://127.0.0.1:${port}/healthz`]).status === 0
    await until(answers, 'the server answers')
    work()
  } finally {
    server.kill('SIGTERM')
    await once(server, 'close')
  }
}

beforeAll(async () => {
  port = await freePort()
  makeProject()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('docs/GUIDE.md', () => {
  it('has commands for every chapter that the documented guide has them for', () => {
    const headings = new Set(blocks.map(({ heading }) => heading))
    expect([...headings]).toEqual(
      expect.arrayContaining(['Quick start', 'Everything', 'In an emergency', 'Verification']),
    )
    expect(blocks.filter(({ notRun }) => notRun === undefined).length).toBeGreaterThan(20)
  })

  it.each(
    blocks
      .filter(({ notRun }) => notRun === undefined)
      .map((block) => [block.heading, block] as const),
  )('%s: its commands work', async (_heading, { text, needsServer }) => {
    const run = (): void => {
      const { status, output } = runBlock(text)
      expect(status, `${text}\n${output}`).toBe(0)
    }
    if (needsServer) await withServer(run)
    else run()
  })

  it('leaves what it says that it does', () => {
    expect(readFileSync(join(folder, 'recovered/data/index/main.faiss')).length).toBe(300_000)
    expect(existsSync(join(folder, 'report.html'))).toBe(true)
    expect(readFileSync(join(folder, 'logs/backup_history.jsonl'), 'utf8')).toContain('"checksum"')
  })
})
