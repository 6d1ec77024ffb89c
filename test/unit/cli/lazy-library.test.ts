import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commandScript, engine } from '../../support/built-engine.ts'
import { fastFolder, scratchFolder } from '../../support/scratch.ts'

/*
 * Real processes and a real key: modules are loaded while other threads turn the passphrase into a key, and what goes wrong in the
 * meantime must be told as if it came after.
 */

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly err: string
  /** How often the passphrase was asked for. */
  readonly asked: number
}

const passphrase = 'correct horse'

async function encrypted(folder: string): Promise<string> {
  const location = join(folder, 'repository')
  // With the parameters of a real one: the key takes longer than a module that fails to load.
  await engine.initRepository({ location, passphrase })
  return location
}

/** A process in which modules whose URL ends like that cannot be loaded. */
function breaking(module: string): string[] {
  const hooks = `export async function load(url, context, next) {
    if (url.endsWith(${JSON.stringify(module)})) throw new Error('broken module')
    return next(url, context)
  }`
  const register = `import { register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}))`
  return ['--import', `data:text/javascript,${encodeURIComponent(register)}`]
}

async function run(
  argv: readonly string[],
  options: { folder: string; says?: string; nodeOptions?: readonly string[] },
): Promise<Ended> {
  const { folder, says = passphrase, nodeOptions = [] } = options
  const log = join(folder, `asked-${Math.random()}`)
  const command = `sh -c "echo asked >> ${log}; echo ${says}"`
  const child = spawn(
    process.execPath,
    [...nodeOptions, commandScript, ...argv, '--passphrase-command', command],
    { cwd: folder, env: { PATH: process.env['PATH'], XDG_CACHE_HOME: join(folder, 'cache') } },
  )
  const output = { out: '', err: '' }
  child.stdout.on('data', (part: Buffer) => (output.out += part.toString()))
  child.stderr.on('data', (part: Buffer) => (output.err += part.toString()))
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
  const asked = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0
  return { status, ...output, asked }
}

describe('a command that opens an encrypted repository', () => {
  it.each(['list', 'status', 'verify --all', 'prune', 'snapshot src'])(
    'asks for the passphrase once (%s)',
    async (command) => {
      const folder = scratchFolder(fastFolder)
      const location = await encrypted(folder)
      mkdirSync(join(folder, 'src'))
      const { status, err, asked } = await run([...command.split(' '), '-r', location], { folder })
      expect([status, err, asked]).toEqual([0, '', 1])
    },
  )

  it('does not ask where there is nothing to open or nothing is encrypted', async () => {
    const folder = scratchFolder(fastFolder)
    const nowhere = await run(['list', '-r', join(folder, 'nowhere')], { folder })
    expect(nowhere).toMatchObject({ status: 10, asked: 0 })
    expect(nowhere.err).toContain('there is none')
    const location = join(folder, 'plain')
    await engine.initRepository({ location })
    expect(await run(['list', '-r', location], { folder })).toMatchObject({ status: 0, asked: 0 })
  })
})

describe('a module that fails to load', () => {
  const nodeOptions = breaking('/operations/verify/verify.js')

  it('is an error of the command that needs it', async () => {
    const folder = scratchFolder(fastFolder)
    const location = await encrypted(folder)
    const { status, out, err, asked } = await run(['verify', '--all', '-r', location], {
      folder,
      nodeOptions,
    })
    expect([out, asked]).toEqual(['', 1])
    expect(status).toBe(1)
    expect(err).toContain('holdfast: ')
    expect(err).toContain('broken module')
    expect(err).not.toMatch(/unhandled|uncaught|Node\.js v/i)
    const others = await run(['list', '-r', location], { folder, nodeOptions })
    expect([others.status, others.err]).toEqual([0, ''])
  })

  it('hides no error that comes later', async () => {
    const folder = scratchFolder(fastFolder)
    const location = await encrypted(folder)
    for (const options of [nodeOptions, breaking('/repository/open-repository.js'), []]) {
      const { status, err } = await run(['verify', '--all', '-r', location], {
        folder,
        says: 'wrong',
        nodeOptions: options,
      })
      expect(err).toContain('the passphrase opens none of its keys')
      expect(err).not.toContain('broken module')
      expect(status).toBe(12)
    }
  })

  it('is an error also when nothing is encrypted', async () => {
    const folder = scratchFolder(fastFolder)
    const location = join(folder, 'plain')
    await engine.initRepository({ location })
    const { status, err } = await run(['verify', '--all', '-r', location], { folder, nodeOptions })
    expect(status).toBe(1)
    expect(err).toContain('broken module')
    expect(err).not.toMatch(/unhandled|uncaught|Node\.js v/i)
  })
})
