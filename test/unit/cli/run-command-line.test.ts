import { describe, expect, it } from 'vitest'

import { HoldfastError } from '../../../src/foundation/errors.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { verbs } from '../../../src/cli/verbs.ts'
import { recordTerminal } from '../../support/record-terminal.ts'
import { run } from './run-in-process.ts'
import { createStandIn } from './stand-in-library.ts'

const nested = [
  'key add',
  'key list',
  'key remove',
  'key change',
  'repair catalogue',
  'repair packs',
  'repair snapshots',
  'repair versions',
]
const nestedParity = ['parity set', 'parity status', 'parity update']
const nestedCat = ['cat config', 'cat snapshot', 'cat tree']
const everyCommand = [...verbs.map(({ name }) => name), ...nested, ...nestedCat, ...nestedParity]

describe('help', () => {
  it('lists every command with its aliases', async () => {
    const { status, out } = await run(['--help'])
    expect(status).toBe(0)
    for (const { name, aliases, summary } of verbs) {
      expect(out).toContain([name, ...aliases].join(', '))
      expect(out).toContain(summary)
    }
  })

  it.each(everyCommand)('of %s has examples and the global options', async (name) => {
    const { status, out, calls } = await run([...name.split(' '), '--help'])
    expect(status).toBe(0)
    expect(out).toContain('Examples:\n  holdfast ')
    expect(out).toContain('--passphrase-file')
    expect(out.split('Global options:')).toHaveLength(2)
    expect(calls).toEqual([])
  })

  it('keeps within 100 columns', async () => {
    for (const name of everyCommand) {
      const { out } = await run([...name.split(' '), '--help'])
      for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
    }
  })

  it('is also `help COMMAND`', async () => {
    expect((await run(['help', 'restore'])).out).toBe((await run(['restore', '--help'])).out)
  })
})

describe('usage faults', () => {
  it.each([
    [['nonsense'], 'Unknown command "nonsense"'],
    [['restor'], 'Did you mean restore?'],
    [['list', '--tagg', 'x'], 'Unknown option "--tagg"'],
    [['list', '--type', 'weekly'], 'full, incremental, index, cache, config'],
    [['restore'], 'Missing required argument'],
    [['restore', 'latest', '--overwrite', 'maybe'], 'always, if-changed, if-newer, never'],
    [['init', '--chunk-size', '100000'], 'power of two from 16K to 2M'],
    [['snapshot', '/', '--exclude-larger-than', '5XB'], '1.5GiB'],
    [['snapshot', '/', '--stdin'], 'both --stdin and paths'],
    [['snapshot', ''], 'the path is empty'],
    [['snapshot', '/', '--stdin-filename', 'x'], 'without --stdin'],
    [['verify'], 'no snapshot is named'],
    [['verify', '--all', 'latest'], 'both --all and named snapshots'],
    [['dump', 'latest'], 'no file is named'],
    [['ls', ':data'], 'no snapshot is named'],
    [['list', '--repo', ''], '--repo is empty'],
    [['delete'], 'Missing required argument'],
    [['list', 'extra'], 'Too many arguments'],
    [['key', 'frobnicate'], 'Unknown command'],
    [['snapshot', '--description'], 'argument missing'],
  ])('%j gives status 2 and says why', async (argv, message) => {
    const { status, out, err, calls } = await run(argv)
    expect(status).toBe(2)
    expect(err).toContain(message)
    expect(err).toMatch(/^holdfast: .+\n(?:.+\n)*Try: .+\n$/)
    expect(out).toBe('')
    expect(calls.filter(({ name }) => name !== 'openRepository')).toEqual([])
  })

  it('shows the help and status 2 when no command is given', async () => {
    const { status, err, out } = await run([])
    expect(status).toBe(2)
    expect(err).toContain('Commands:')
    expect(err).toContain('No command is given')
    expect(out).toBe('')
  })

  it('is one JSON line with --json, wherever that stands', async () => {
    for (const argv of [['--json', 'nonsense'], ['list', '--type', 'x', '--json'], ['--json']]) {
      const { status, err } = await run(argv)
      expect(status).toBe(2)
      const report = JSON.parse(err) as Record<string, unknown>
      expect(report).toMatchObject({ message_type: 'exit_error', code: 2, error: 'USAGE' })
      expect(report['remedy']).toContain('--help')
    }
  })
})

describe('global options', () => {
  it.each([
    [['--repo', '/x', 'list']],
    [['list', '--repo', '/x']],
    [['list', '-r', '/x']],
    [['-r/x', 'list']],
    [['--repo=/x', 'snapshots']],
    [['--repo', '/y', 'list', '--repo', '/x']],
    [['key', '--repo', '/x', 'list']],
    [['--repo', '/x', 'key', 'list']],
    [['key', 'list', '--repo', '/x']],
  ])('are taken before and after the command: %j', async (argv) => {
    expect((await run(argv)).given('openRepository')['location']).toBe('/x')
  })

  it('do not take words out of an option of the command', async () => {
    const { given, out } = await run(['snapshot', '/data', '--description', '--json', '-r', '/x'])
    expect(given('snapshot')['description']).toBe('--json')
    expect(out).toContain('Saved snapshot')
  })

  it('read the environment where the command line says nothing', async () => {
    const environment = { HOLDFAST_REPOSITORY: '/env', HOLDFAST_CACHE_DIR: '/cache' }
    expect((await run(['list'], { environment })).given('openRepository')).toMatchObject({
      location: '/env',
      cacheDirectory: '/cache',
    })
    const argv = ['list', '--cache-dir', 'c', '-r', 'r']
    expect((await run(argv, { environment })).given('openRepository')).toMatchObject({
      location: '/r',
      cacheDirectory: '/c',
    })
  })
})

describe('errors of an operation', () => {
  const failing = (error: unknown): ReturnType<typeof createStandIn> =>
    createStandIn({
      async listSnapshots() {
        throw error
      },
    })

  it('show message, causes and remedy, and close the repository', async () => {
    const cause = new Error('open "x": EIO', { cause: new Error('I/O error\u001b[2J') })
    const error = new HoldfastError('STORAGE_FAILED', 'Cannot read pack "ab"', {
      cause,
      remedy: 'Check the disk',
    })
    const standIn = failing(error)
    const { status, err } = await run(['list'], { standIn })
    expect(status).toBe(21)
    expect(err).toBe(
      'holdfast: Cannot read pack "ab"\n  open "x": EIO\n  I/O error\\x1b[2J\nTry: Check the disk\n',
    )
    expect(standIn.openCount).toBe(0)
  })

  it('do not tell a cause twice that the message ends in', async () => {
    const cause = new Error('ENOENT: no such file')
    const error = new HoldfastError('STORAGE_FAILED', `Cannot read "x": ${cause.message}`, {
      cause,
    })
    const { err } = await run(['list'], { standIn: failing(error) })
    expect(err).toBe('holdfast: Cannot read "x": ENOENT: no such file\n')
  })

  it('end after some causes, also when these go round in a circle', async () => {
    const first = new Error('first')
    first.cause = new Error('second', { cause: first })
    const { err } = await run(['list'], { standIn: failing(first) })
    expect(err).toContain('holdfast: Internal fault: first\n  second\nTry:')
  })

  it('are one JSON line with code, facts and remedy', async () => {
    const error = new HoldfastError('REPOSITORY_LOCKED', 'Locked', {
      remedy: 'Wait',
      facts: { pid: 7 },
    })
    const { status, err, out } = await run(['list', '--json'], { standIn: failing(error) })
    expect(status).toBe(11)
    expect(out).toBe('')
    expect(JSON.parse(err)).toEqual({
      message_type: 'exit_error',
      code: 11,
      error: 'REPOSITORY_LOCKED',
      message: 'Locked',
      remedy: 'Wait',
      facts: { pid: 7 },
    })
  })

  it('of an unknown kind are internal faults, with a stack only when asked', async () => {
    const standIn = failing(new TypeError('x is not a function'))
    const plain = await run(['list'], { standIn })
    expect(plain.status).toBe(1)
    expect(plain.err).toContain('holdfast: Internal fault: x is not a function\n')
    expect(plain.err).not.toContain('    at ')
    expect((await run(['-v', 'list'], { standIn })).err).toContain('    at ')
  })

  it('after an interruption are the interruption', async () => {
    const controller = new AbortController()
    const standIn = createStandIn({
      listSnapshots() {
        controller.abort(new HoldfastError('INTERRUPTED', 'Interrupted by SIGINT'))
        return Promise.reject(new DOMException('The operation was aborted', 'AbortError'))
      },
    })
    const { status, err } = await run(['list'], { standIn, signal: controller.signal })
    expect(status).toBe(130)
    expect(err).toBe('holdfast: Interrupted by SIGINT\n')
  })

  it('are quiet when they only say that the reader has gone', async () => {
    const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
    const terminal = recordTerminal({ isOutputClosed: true })
    expect(await run(['list'], { standIn: failing(gone), terminal })).toMatchObject({
      status: 0,
      err: '',
    })
    const other = recordTerminal()
    expect((await run(['list'], { standIn: failing(gone), terminal: other })).status).toBe(1)
  })

  it('of closing the repository do not hide the first one, and are not lost alone', async () => {
    const close = (): never => {
      throw new HoldfastError('CATALOGUE_FAILED', 'Cannot close')
    }
    const openRepository = async (): Promise<Repository> =>
      ({ unusable: [], vanished: [], close }) as unknown as Repository
    const first = new HoldfastError('OBJECT_DAMAGED', 'Damaged')
    const both = createStandIn({ openRepository, listSnapshots: () => Promise.reject(first) })
    expect((await run(['list'], { standIn: both })).err).toContain('Damaged')
    const alone = await run(['list'], { standIn: createStandIn({ openRepository }) })
    expect(alone.err).toContain('Cannot close')
  })
})

describe('passphrases', () => {
  const encrypted = (): ReturnType<typeof createStandIn> =>
    createStandIn({
      openRepository: async ({ passphrase }) => {
        const text = await passphrase()
        throw new HoldfastError('PASSPHRASE_WRONG', `wrong: ${text}`)
      },
    })

  it('come from the variable, which is taken out of the environment', async () => {
    const environment = { HOLDFAST_PASSPHRASE: 'from env' }
    const { status, err } = await run(['list'], { standIn: encrypted(), environment })
    expect(status).toBe(12)
    expect(err).toContain('wrong: from env')
    const leak = ['list', '--passphrase-command', 'sh -c "echo leak:$HOLDFAST_PASSPHRASE"']
    expect((await run(leak, { standIn: encrypted(), environment })).err).toContain('wrong: leak:\n')
  })

  it('that are missing where there is no terminal give status 12 and name the options', async () => {
    const { status, err } = await run(['list'], { standIn: encrypted() })
    expect(status).toBe(12)
    expect(err).toContain('--passphrase-file')
  })

  it('are asked for on a terminal without echo', async () => {
    const terminal = recordTerminal({ isInputTerminal: true, isErrorTerminal: true })
    const modes: boolean[] = []
    Object.assign(terminal.input, { setRawMode: (isRaw: boolean) => modes.push(isRaw) })
    const running = run(['list'], { standIn: encrypted(), terminal })
    terminal.input.write('tyx\u007fped\r')
    const { err } = await running
    expect(err).toContain('Passphrase for /repo: \nholdfast: wrong: typed\n')
    expect(modes).toEqual([true, false])
  })

  it('are refused from two options at once', async () => {
    const argv = ['list', '--passphrase-file', 'a', '--passphrase-command', 'b']
    expect((await run(argv, { standIn: encrypted() })).status).toBe(2)
  })

  it('that are asked for can be interrupted', async () => {
    const terminal = recordTerminal({ isInputTerminal: true, isErrorTerminal: true })
    const running = run(['list'], { standIn: encrypted(), terminal })
    terminal.input.write('abc\u0003')
    expect((await running).status).toBe(130)
  })
})
