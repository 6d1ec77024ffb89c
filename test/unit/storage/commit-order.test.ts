import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

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
  'fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat,write,pwrite64'

/** A call that another thread interrupts in the log stands where it ended. */
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

function traceOf(folder: string, logPath: string): Call[] {
  const command = [process.execPath, '--import', 'tsx', fixture, folder]
  // One thread in the pool, so that the calls have one order.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' }
  const options = ['-f', '-y', '-s', '32', '-e', `trace=${traced},close`, '-o', logPath]
  execFileSync('strace', [...options, ...command], { env })
  return parseTrace(readFileSync(logPath, 'utf8')).filter(({ text }) => text.includes(folder))
}

describe.runIf(canTrace)('the order of a put', () => {
  let folder: string
  let calls: Call[]

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-order-'))
    calls = traceOf(join(folder, 'repository'), join(folder, 'trace'))
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  it('is write, fsync, close, link without replacing, unlink, fsync of the folder', () => {
    const target = join(folder, 'repository', nameOf('snapshots', 'put'))
    const linkAt = calls.findIndex(
      ({ name, text }) => name.startsWith('link') && text.includes(target),
    )
    const temporary = /"([^"]+\.tmp)"/.exec(calls[linkAt].text)?.[1] ?? 'no temporary file'
    const isAbout = ({ text }: Call): boolean =>
      text.includes(temporary) || text.includes(`${join(folder, 'repository', 'snapshots')}>`)
    const names = calls.filter(isAbout).map(({ name }) => name.replace(/at$/, ''))
    const writeName = names[0]
    expect(writeName).toMatch(/^p?write/)
    expect(names).toEqual([writeName, 'fsync', 'close', 'link', 'unlink', 'fsync', 'close'])
  })

  it('never renames, which would replace', () => {
    expect(calls.filter(({ name }) => name.startsWith('rename'))).toEqual([])
  })

  it('syncs every published file before it is linked', () => {
    for (const { text } of calls.filter(({ name }) => name.startsWith('link'))) {
      const temporary = /"([^"]+\.tmp)"/.exec(text)?.[1] ?? 'no temporary file'
      const names = calls.filter((call) => call.text.includes(temporary)).map(({ name }) => name)
      const linkAt = names.findIndex((name) => name.startsWith('link'))
      expect(names.slice(linkAt - 2, linkAt)).toEqual(['fsync', 'close'])
    }
  })

  it('syncs the folder of eight packs fewer times than eight, and after the last link', () => {
    const packs = join(folder, 'repository', 'packs')
    const order = calls
      .filter(({ name, text }) =>
        name === 'fsync' ? text.endsWith(`${packs}>`) : text.includes(`${packs}/`),
      )
      .map(({ name }) => name)
      .filter((name) => name === 'fsync' || name.startsWith('link'))
    expect(order.filter((name) => name !== 'fsync')).toHaveLength(8)
    expect(order.at(-1)).toBe('fsync')
    expect(order.filter((name) => name === 'fsync').length).toBeLessThan(8)
  })
})
