import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { lazyLibrary } from '../../src/cli/lazy-library.ts'
import { rawArguments } from '../../src/cli/raw-arguments.ts'
import { runCommandLine } from '../../src/cli/run-command-line.ts'
import { encodeKeySlot } from '../../src/format/text-object/key-slot-text.ts'
import { decodeKeySlot } from '../../src/format/text-object/key-slot-text.ts'
import { modes } from '../support/forge/forge.ts'
import type { RawEntry } from '../support/forge/raw-page.ts'
import { byteName, file, makeTree } from '../support/make-tree.ts'
import { namesIn, passphrase } from '../support/repositories.ts'
import { isRoot } from '../support/scratch.ts'
import { recordTerminal } from '../support/record-terminal.ts'
import { hostileWorld, type HostileWorld } from './hostile-world.ts'

beforeAll(() => {
  process.env['HOLDFAST_THREADS'] = '0'
})

/** Clears the screen, sets the title, writes to the clipboard, asks for an answer that is typed, turns the text around, begins a line. */
const attack =
  '\x1b[2J\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x07\x1bP+q\x1b\\\x9b31m\x90\x85\x7f\x08\x08\r\nholdfast: INJECTED\u202e\u2066\u2028\u200f\u061c'
const attackName = byteName(attack.replaceAll('/', '_'))
/** Every byte that a name can have, in names of 100 bytes. */
const allBytes: readonly string[] = [0, 100, 200].map((start) =>
  Array.from({ length: Math.min(100, 256 - start) }, (_, index) => start + index)
    .filter((byte) => byte !== 0 && byte !== 0x2f)
    .map((byte) => String.fromCharCode(byte))
    .join(''),
)
const names = [attackName, ...allBytes, '\x1b', '\n', '\x9b', '\xe2\x80\xae']

// What the progress line itself uses, and colours of headings.
// oxlint-disable-next-line no-control-regex -- so does this
const own = /\x1b\[K|\x1b\[[01]m|\r(?=[a-z\x1b]|$)/g
const unsafe =
  // oxlint-disable-next-line no-control-regex -- finding them is the matter
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u

interface Outcome {
  readonly status: number
  readonly out: string
  readonly err: string
}

async function command(
  world: HostileWorld,
  argv: readonly string[],
  isTerminal: boolean,
): Promise<Outcome> {
  const terminal = recordTerminal(
    isTerminal
      ? { isErrorTerminal: true, outputColumns: 200, errorColumns: 200, useColour: true }
      : {},
  )
  const status = await runCommandLine(argv, {
    terminal,
    secrets: { passphrase, passphraseCommand: undefined } as never,
    environment: {
      PATH: process.env['PATH'],
      HOLDFAST_REPOSITORY: world.test.location,
      HOLDFAST_CACHE_DIR: world.test.cacheDirectory,
    },
    workingFolder: join(world.test.location, '..'),
    signal: new AbortController().signal,
    rawArgument: rawArguments(argv),
    now: () => performance.now(),
    library: lazyLibrary,
  })
  return { status, ...terminal.written }
}

/** @param isOwnText the operator gave the text himself, line feeds and all */
function expectSafe(
  { out, err }: Outcome,
  label: string,
  isOwnText = label.includes(attack),
): void {
  for (const text of [out, err]) {
    const found = unsafe.exec(text.replace(own, ''))
    const around = found ? text.slice(Math.max(0, found.index - 60), found.index + 60) : ''
    expect({ label, around: JSON.stringify(around) }).toEqual({ label, around: '""' })
    for (const line of isOwnText ? [] : text.split('\n')) {
      expect({ label, line: line.startsWith('holdfast: INJECTED') }).toEqual({ label, line: false })
    }
  }
}

const hostileTexts = {
  hostname: attack,
  username: attack,
  description: attack,
  tags: [attack],
  excludes: [attack],
  program: attack,
  base: `/${attack}`,
  paths: [`/${attack}`, { base64: Buffer.from('/\xff\x1b]0;x\x07', 'latin1').toString('base64') }],
  unreadable: [{ path: `/${attack}`, message: attack }],
}

function hostileTree({ forge }: HostileWorld, isDamaged: boolean): RawEntry[] {
  const lost = { id: Buffer.alloc(32, 7), bytes: 4 }
  return names.flatMap((name, index) => [
    forge.fileEntry(`f${name}`, `content ${index}`),
    forge.directoryEntry(`d${name}`, forge.directory([forge.fileEntry(name, 'x')])),
    forge.linkEntry(`l${name}`, attack),
    ...(isDamaged
      ? [{ name: `x${name}`, mode: modes.file, size: 4, references: [lost] } satisfies RawEntry]
      : []),
  ])
}

/** A key slot with a label of the attacker's, and the same passphrase. */
function labelSlots({ test }: HostileWorld): void {
  for (const name of namesIn(test.location, 'keys')) {
    const path = join(test.location, 'keys', name)
    writeFileSync(path, encodeKeySlot({ ...decodeKeySlot(readFileSync(path)), label: attack }))
  }
}

describe('what a repository of somebody else says on a terminal', () => {
  it.each([
    ['as text on a terminal', true, []],
    ['as JSON on a terminal', true, ['--json']],
  ] as const)(
    'holds no control character, %s',
    async (_what, isTerminal, options) => {
      const world = await hostileWorld({ isEncrypted: true })
      const { forge, test, target } = world
      labelSlots(world)
      const tree = (isDamaged: boolean) => forge.directory(hostileTree(world, isDamaged))
      forge.snapshot(tree(false), hostileTexts)
      forge.snapshot(tree(true), {
        ...hostileTexts,
        backupId: 'backup_1800000000',
        startedAtMs: 1.8e12,
      })
      forge.journal({ kind: 'failure', snapshotId: 'x'.repeat(9), result: attack, message: attack })
      forge.journal({ kind: attack, result: attack })
      const first = `f${attackName}`
      const commands: string[][] = [
        ['list'],
        ['list', '--host', attack],
        ['status'],
        ['ls', 'latest'],
        ['ls', '-l', '-R', 'latest'],
        ['ls', 'latest:nothing\x1b[2J'],
        ['ls', attack],
        ['cat', 'config'],
        ['cat', 'snapshot', 'latest'],
        ['cat', 'tree', 'latest'],
        ['dump', `latest:/d${attack}`],
        ['dump', `latest:${Buffer.from(first, 'latin1').toString()}\x1b`],
        ['key', 'list'],
        ['verify', 'latest'],
        ['verify', '--all'],
        ['check'],
        ['check', '--read-data'],
        ['restore', 'latest', '--target', target],
        ['restore', 'latest', '--target', target, '--no-verify', '--yes'],
        ['restore', 'latest', '--target', `${target}${attack}\0`],
        ['restore', 'latest', '--target', '/proc/\x1b[2J'],
        ['forget', '--dry-run', '--keep-last', '1'],
        ['forget', '--dry-run', '--keep-last', attack],
        ['prune', '--dry-run'],
        ['repair', 'catalogue'],
        ['delete', 'latest', '--yes'],
        ['list', '--repo', attack],
        ['list', '--config', attack],
        [attack],
        ['list', `--${attack}`],
        ['snapshot', `/nothing${attack}`],
        ['snapshot', '--description', attack, '--tag', attack, test.location],
      ]
      let shown = ''
      for (const argv of commands) {
        const outcome = await command(world, [...argv, ...options], isTerminal)
        expectSafe(outcome, argv.join(' '))
        shown += outcome.out + outcome.err
        if (options.length === 0) continue
        const isDump = argv[0] === 'dump' && outcome.status === 0
        for (const line of isDump ? [] : `${outcome.out}${outcome.err}`.split('\n')) {
          if (line !== '') expect(() => JSON.parse(line) as unknown).not.toThrow()
        }
      }
      // It was told of, and not left out.
      expect(shown).toContain(options.length === 0 ? '\\x1b[2J' : '\\u001b[2J')
      expect(world.harm()).toEqual([])
    },
    120_000,
  )

  it('holds none when its files are saved, and when some cannot be read', async () => {
    const world = await hostileWorld()
    const source = join(world.test.location, '..', 'source')
    mkdirSync(source)
    makeTree(source, Object.fromEntries(names.map((name) => [name, file('x')])))
    if (!isRoot) chmodSync(join(source, '\n'), 0)
    makeTree(source, {
      [`socket${attackName}`]: { kind: 'special', type: 0o140000, device: [0, 0] },
    })
    for (const options of [[], ['--json']]) {
      const outcome = await command(world, ['snapshot', source, '--verbose', ...options], true)
      expect(outcome.status).toBe(0)
      expectSafe(outcome, 'snapshot')
    }
  })

  it('holds none of a lock that anybody may have written', async () => {
    const world = await hostileWorld()
    const nowMs = Date.now()
    mkdirSync(join(world.test.location, 'locks'), { recursive: true })
    writeFileSync(
      join(world.test.location, 'locks', 'ab'.repeat(16)),
      JSON.stringify({
        version: 1,
        kind: 'exclusive',
        leaseId: 'cd'.repeat(16),
        knows: [],
        hostname: attack,
        pid: 1,
        pidNamespace: attack,
        startedAtMs: nowMs,
        refreshedAtMs: nowMs,
        operation: attack,
      }),
    )
    for (const argv of [
      ['prune'],
      ['prune', '--json'],
      ['snapshot', '/proc/version'],
      ['status'],
    ]) {
      const outcome = await command(world, argv, true)
      expectSafe(outcome, argv.join(' '))
      if (argv[0] === 'prune') expect(outcome.status).toBe(11)
    }
  })
})
