import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { fastFolder } from '../../support/fast-folder.ts'
import { nameOf } from '../../support/object-names.ts'

const fixture = join(import.meta.dirname, 'commit-order.fixture.ts')
/** Containers may forbid ptrace, and not every machine has strace. */
const canTrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0

interface Call {
  readonly name: string
  /** Path, or paths, that the call is about; descriptors are resolved by strace (-y). */
  readonly text: string
}

const traced =
  'fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat,write,pwrite64,mkdir,mkdirat,openat'

/** Calls that did what they were asked to; one that another thread interrupts in the log stands where it ended. */
function parseTrace(log: string): Call[] {
  const begun = new Map<string, Call>()
  const calls: Call[] = []
  for (const line of log.split('\n')) {
    const [, thread, name, text, end] =
      /^(\d+)\s+(\w+)\((.*?)(\) += \d+| <unfinished)/.exec(line) ?? []
    if (thread === undefined) {
      const resumed = /^(\d+)\s+<\.\.\. \w+ resumed>.*= \d+/.exec(line)
      const call = begun.get(resumed?.[1] ?? '')
      if (call !== undefined) calls.push(call)
      begun.delete(resumed?.[1] ?? '')
    } else if (end === ' <unfinished') {
      begun.set(thread, { name, text })
    } else {
      calls.push({ name, text })
    }
  }
  return calls
}

function traceOf(folder: string, elsewhere: string): Call[] {
  const logPath = join(folder, 'trace')
  const command = [process.execPath, '--import', 'tsx', fixture, folder, elsewhere]
  // One thread in the pool, so that the calls have one order.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' }
  const options = ['-f', '-y', '-s', '32', '-e', `trace=${traced},close`, '-o', logPath]
  execFileSync('strace', [...options, ...command], { env })
  return parseTrace(readFileSync(logPath, 'utf8')).filter(({ text }) => text.includes(folder))
}

/** The calls of each step, as the fixture has marked them. */
function splitSteps(calls: readonly Call[]): Map<string, Call[]> {
  const steps = new Map<string, Call[]>()
  let step: Call[] = []
  for (const call of calls) {
    const mark = /\/marks>, "\[(.*)\]"/.exec(call.text)?.[1]
    if (mark === undefined) step.push(call)
    else steps.set(mark, (step = []))
  }
  return steps
}

describe.runIf(canTrace)('the order of system calls', () => {
  let folder: string
  let elsewhere: string
  let repository: string
  let opens: Call[]
  let steps: Map<string, Call[]>

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-order-'))
    elsewhere = mkdtempSync(join(fastFolder, 'holdfast-order-'))
    repository = join(folder, 'new/repository')
    const calls = traceOf(folder, elsewhere)
    opens = calls.filter(({ name }) => name === 'openat')
    steps = splitSteps(calls.filter(({ name }) => name !== 'openat'))
  })

  afterAll(() => {
    rmSync(folder, { recursive: true })
    rmSync(elsewhere, { recursive: true })
  })

  /** Calls of a step, each with what it is about: `tmp` for any temporary file, else a path below the folder. */
  function orderOf(step: string): string[] {
    return (steps.get(step) ?? []).map(({ name, text }) => {
      const paths = [...text.matchAll(/[<"]([^<">]*)[>"]/g)]
        .map(([, path]) => path)
        .filter((path) => path.startsWith(folder))
        .map((path) => path.slice(folder.length + 1))
        .map((path) => path.replace(/^new\/repository\/tmp\/.*/, 'tmp'))
        .map((path) => path.replace(/^new\/repository\/?/, ''))
      return [name.replace(/at2?$/, '').replace('pwrite64', 'write'), ...new Set(paths)].join(' ')
    })
  }

  const put = nameOf('snapshots', 'put')

  it('of prepare: every folder that was made is named durably by the one above it', () => {
    const order = (steps.get('prepare') ?? []).map(({ name, text }) => `${name} ${text}`)
    const lastMade = order.findLastIndex((call) => call.startsWith('mkdir'))
    for (const path of [repository, join(folder, 'new'), folder]) {
      const synced = order.findLastIndex(
        (call) => call.startsWith('fsync') && call.endsWith(`<${path}>`),
      )
      expect(synced, path).toBeGreaterThan(lastMade)
    }
  })

  it('of a put is write, fsync, close, link without replacing, unlink, fsync of the folder', () => {
    expect(orderOf('put')).toEqual([
      'write tmp',
      'fsync tmp',
      'close tmp',
      `link tmp ${put}`,
      'unlink tmp',
      'fsync snapshots',
      'close snapshots',
    ])
  })

  it('of a put of what is there already: that is synced, since another process may not have come so far', () => {
    const order = orderOf('put again')
    expect(order.filter((call) => !call.startsWith('close'))).toEqual([
      'write tmp',
      'fsync tmp',
      `fsync ${put}`,
      'unlink tmp',
      'fsync snapshots',
    ])
  })

  it('of a replacement is write, fsync, close, rename, fsync of the folder', () => {
    expect(orderOf('replace')).toEqual([
      'write tmp',
      'fsync tmp',
      'close tmp',
      `rename tmp ${put}`,
      'fsync snapshots',
      'close snapshots',
    ])
  })

  it('of taking over a file: it is synced before it is linked', () => {
    const name = nameOf('packs', 'file')
    expect(orderOf('put file')).toEqual([
      'fsync here',
      'close here',
      `link here ${name}`,
      'unlink here',
    ])
  })

  it('of taking over a file of another file system: the copy is synced before it is linked', (context) => {
    if (statSync(folder).dev === statSync(elsewhere).dev) context.skip()
    const order = orderOf('put file from elsewhere').filter((call) => /^(?:fsync|link)/.test(call))
    expect(order).toEqual(['fsync tmp', `link tmp ${nameOf('packs', 'there')}`])
  })

  it('of a deletion: it is durable with the next sync of the folder', () => {
    expect(orderOf('delete')).toEqual([`unlink ${nameOf('packs', 'file')}`])
    expect(orderOf('sync')).toEqual(['fsync packs', 'close packs'])
  })

  it('of a put into a folder that is made for it: the folder is named durably before', () => {
    const order = orderOf('put into a new folder').filter((call) =>
      /^(?:mkdir|fsync|link)/.test(call),
    )
    const name = nameOf('index', 'put')
    expect(order).toEqual(['fsync tmp', 'mkdir index', 'fsync ', `link tmp ${name}`, 'fsync index'])
  })

  it('never renames but to replace, because renaming does', () => {
    for (const [step, calls] of steps) {
      const renames = calls.filter(({ name }) => name.startsWith('rename'))
      expect(renames, step).toHaveLength(step === 'replace' ? 1 : 0)
    }
  })

  it('syncs every published file before it is linked', () => {
    const calls = steps.get('publish') ?? []
    const links = calls.filter(({ name }) => name.startsWith('link'))
    expect(links).toHaveLength(8)
    for (const { text } of links) {
      const temporary = /"([^"]+\.tmp)"/.exec(text)?.[1] ?? 'no temporary file'
      const names = calls.filter((call) => call.text.includes(temporary)).map(({ name }) => name)
      const linkAt = names.findIndex((name) => name.startsWith('link'))
      expect(names.slice(linkAt - 2, linkAt)).toEqual(['fsync', 'close'])
    }
  })

  it('syncs the folder of eight packs fewer times than eight, and after the last link', () => {
    const packs = join(repository, 'packs')
    const order = (steps.get('publish') ?? [])
      .filter(({ name, text }) =>
        name === 'fsync' ? text.endsWith(`${packs}>`) : text.includes(`${packs}/`),
      )
      .map(({ name }) => name)
      .filter((name) => name === 'fsync' || name.startsWith('link'))
    expect(order.filter((name) => name !== 'fsync')).toHaveLength(8)
    expect(order.at(-1)).toBe('fsync')
    expect(order.filter((name) => name === 'fsync').length).toBeLessThan(8)
  })

  it('makes temporary files exclusively, follows no link to them, and lets nobody else read them', () => {
    const made = opens.filter(({ text }) => text.includes('.tmp"') && text.includes('O_CREAT'))
    expect(made.length).toBeGreaterThanOrEqual(12)
    for (const { text } of made) {
      expect(text).toMatch(/O_EXCL/)
      // What the system's own copying makes has the mode of its source, which is private.
      if (!text.includes('O_WRONLY')) expect(text).toMatch(/O_NOFOLLOW.*, 0600/)
    }
  })
})
