import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/*
 * Real processes: what only a process has, such as exit statuses, signals, pipes, and what it loads. The library is
 * replaced by a module with the same exports where a command has to reach it; the end-to-end tests use the real one.
 */

const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))
const root = fileURLToPath(new URL('../../../', import.meta.url))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-main-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

function start(
  argv: readonly string[],
  nodeOptions: readonly string[] = [],
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, ['--import', 'tsx', ...nodeOptions, main, ...argv], { cwd: root })
}

function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const output = { out: '', err: '' }
  child.stdout.on('data', (part: Buffer) => (output.out += part.toString()))
  child.stderr.on('data', (part: Buffer) => (output.err += part.toString()))
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...output })))
}

/** What is loaded before main, so that this text stands for every operation that the commands call. */
function replaceLibrary(source: string): string[] {
  const file = join(folder, `library-${Math.random()}.mjs`)
  // A repository is unlocked before the rest of the library is loaded.
  writeFileSync(file, `${source}\nexport const unlockRepository = async () => undefined\n`)
  const hooks = `export async function resolve(specifier, context, next) {
    return /^\\.\\.\\/(?:operations|repository)\\//.test(specifier)
      ? { url: ${JSON.stringify(`file://${file}`)}, shortCircuit: true }
      : next(specifier, context)
  }`
  const register = `import { register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}))`
  return ['--import', `data:text/javascript,${encodeURIComponent(register)}`]
}

/** Prints which native add-ons the process has loaded, from its memory map; SQLite and the codecs are such. */
function tellLoaded(): string[] {
  const source = `import { readFileSync, writeSync } from 'node:fs'
    process.on('exit', () => {
      const maps = readFileSync('/proc/self/maps', 'utf8')
      const addons = [...new Set(maps.match(/[^ ]+\\.node$/gm) ?? [])]
      writeSync(2, JSON.stringify(addons))
    })`
  return ['--import', `data:text/javascript,${encodeURIComponent(source)}`]
}

describe('the process', () => {
  it('prints its version and ends with 0', async () => {
    const { status, out } = await ended(start(['version']))
    expect([status, out]).toEqual([0, 'holdfast 0.1.0\n'])
  })

  it.each([['version'], ['--help'], ['snapshot', '--help'], ['--version']])(
    'loads neither SQLite nor a codec nor an operation for %j %j',
    async (...argv) => {
      const { status, err } = await ended(
        start(argv, [...tellLoaded(), ...replaceLibrary('throw 1')]),
      )
      expect(status).toBe(0)
      expect(JSON.parse(err)).toEqual([])
    },
  )

  it('ends with 2 after a usage fault, as text and as JSON', async () => {
    const text = await ended(start(['list', '--nonsense']))
    expect([text.status, text.out]).toEqual([2, ''])
    expect(text.err).toMatch(/^holdfast: .*\nTry: .*\n$/)
    const json = await ended(start(['list', '--nonsense', '--json']))
    expect(json.status).toBe(2)
    expect(JSON.parse(json.err)).toMatchObject({ message_type: 'exit_error', code: 2 })
  })

  it('takes file names that are not UTF-8 from its command line', async () => {
    const library = replaceLibrary(`
      export const openRepository = async () => ({ unusable: [], vanished: [], close() {} })
      export const snapshot = async (_, { paths }) => { throw new Error(paths[0].toString('hex')) }
    `)
    const script = String.raw`exec "$0" "$@" "$(printf 'b\377')"`
    const argv = ['-c', script, process.execPath, '--import', 'tsx', ...library, main, 'snapshot']
    const child = spawn('sh', argv, { cwd: root })
    const { err } = await ended(child)
    expect(err).toContain(Buffer.from([0x2f, 0x62, 0xff]).toString('hex'))
  })

  it('is quiet when the reader of its output goes away', async () => {
    const library = replaceLibrary(`
      export const openRepository = async () => ({ unusable: [], vanished: [], close() {} })
      export const resolveSnapshot = () => ({ paths: [], base: '/', tree: {}, statistics: {}, id: '' })
      export function* listTree() {
        const entry = { path: Buffer.from('x'.repeat(200)), mode: 0o100644, mtimeSeconds: 0 }
        for (let count = 0; count < 1e7; count++) yield entry
      }
    `)
    const child = start(['ls', 'latest'], library)
    child.stdout.once('data', () => child.stdout.destroy())
    expect(await ended(child)).toMatchObject({ status: 0, err: '' })
  })

  it('deletes the passphrase from its environment', async () => {
    const library = replaceLibrary(`
      export const openRepository = async ({ passphrase }) => {
        const seen = 'HOLDFAST_PASSPHRASE' in process.env
        throw new Error(await passphrase() + ' ' + seen)
      }
    `)
    const env = { ...process.env, HOLDFAST_PASSPHRASE: 'secret' }
    const argv = ['--import', 'tsx', ...library, main, 'list', '-r', folder]
    const { err } = await ended(spawn(process.execPath, argv, { cwd: root, env }))
    expect(err).toContain('secret false')
  })

  it('works when it is started through a link, as npm installs it', async () => {
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    symlinkSync(main, join(bin, 'holdfast'))
    const argv = ['--import', 'tsx', join(bin, 'holdfast'), 'version']
    const { status, out } = await ended(spawn(process.execPath, argv, { cwd: root }))
    expect([status, out]).toEqual([0, 'holdfast 0.1.0\n'])
  })
})

describe('signals', () => {
  /** `stops` when asked, or not at all. */
  const library = (whenAsked: string): string[] =>
    replaceLibrary(`
      export const openRepository = async ({ signal }) => {
        process.stderr.write('ready')
        const timer = setInterval(() => {}, 1000)
        await new Promise((_, reject) => signal.addEventListener('abort', () => { ${whenAsked} }))
      }
    `)

  async function whenReady(child: ChildProcessWithoutNullStreams): Promise<void> {
    await new Promise((resolve) => child.stderr.once('data', resolve))
  }

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s lets the operation stop and ends with 130',
    async (name) => {
      const child = start(['list', '-r', folder], library('reject(new Error("stopped"))'))
      const end = ended(child)
      await whenReady(child)
      child.kill(name)
      const { status, err } = await end
      expect(status).toBe(130)
      expect(err).toContain(`holdfast: Interrupted by ${name}\n`)
    },
  )

  it('a second one ends a process that does not stop', async () => {
    const child = start(['list', '-r', folder], library('process.stderr.write("asked")'))
    const end = ended(child)
    await whenReady(child)
    child.kill('SIGINT')
    await whenReady(child)
    child.kill('SIGINT')
    expect((await end).status).toBe(130)
  })
})
