import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'

import { judgeSpace, checkNode } from '../../../src/service/doctor/check-machine.ts'
import { aggregateFailedLogins } from '../../../src/service/failed-logins.ts'
import { runHook } from '../../../src/service/hooks/run-hook.ts'
import {
  crontabBlock,
  hasBlock,
  withBlock,
  withoutBlock,
} from '../../../src/service/install/crontab.ts'
import { systemdUnits } from '../../../src/service/install/systemd-units.ts'
import { lockHolder, lockProcess } from '../../../src/service/process-lock.ts'
import type { AccessFields } from '../../../src/repository/record-access.ts'
import { scratchFolder } from '../../support/scratch.ts'

describe('runHook', () => {
  const run = (command: string, timeoutMs = 20_000, folder = scratchFolder()) =>
    runHook({ command, facts: { TYPE: 'full', EVIL: 'a\0b' }, folder, timeoutMs, killAfterMs: 300 })

  it('gives facts, and no secret', async () => {
    process.env['HOLDFAST_TOKEN'] = 'secret-token'
    try {
      const { error, output } = await run(`sh -c 'env; echo "$HOLDFAST_EVIL"'`)
      expect(error).toBe(undefined)
      expect(output).toContain('HOLDFAST_TYPE=full')
      expect(output).toContain('a b')
      expect(output).not.toContain('secret-token')
    } finally {
      delete process.env['HOLDFAST_TOKEN']
    }
  })

  it('tells the status, a program that is not there, and a signal', async () => {
    expect((await run("sh -c 'echo no; exit 3'")).error).toBe('it ended with 3')
    expect((await run('/no/such/program')).error).toContain('cannot be started')
    expect((await run("sh -c 'kill -9 $$'")).error).toBe('it was ended by SIGKILL')
  })

  it('keeps only the end of what it writes', async () => {
    const { output } = await run('sh -c \'head -c 3000000 /dev/zero | tr "\\0" x; echo end\'')
    expect(output.length).toBeLessThan(20_000)
    expect(output.trimEnd().endsWith('end')).toBe(true)
  })

  it('ends the whole group when its time is over, also who does not want to', async () => {
    const folder = scratchFolder()
    const script = "trap '' TERM; (trap '' TERM; while :; do date > alive; sleep 0.05; done) & wait"
    const startedAt = performance.now()
    const { error } = await run(`sh -c "${script}"`, 400, folder)
    expect(error).toContain('longer than')
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    await sleep(200)
    expect(existsSync(join(folder, 'alive'))).toBe(true)
    const before = readFileSync(join(folder, 'alive'), 'utf8')
    await sleep(1_200)
    expect(readFileSync(join(folder, 'alive'), 'utf8')).toBe(before)
  })
})

describe('the crontab', () => {
  const program = {
    words: ['/bin/node', '/opt/h f.js', 'schedule'],
    folder: "/srv/a'b%",
    file: '/srv/config.yml',
  }

  it('gets one block, and others lose nothing', () => {
    const others = 'MAILTO=me\n0 1 * * * true'
    const once = withBlock(others, program)
    expect(once.startsWith(`${others}\n`)).toBe(true)
    expect(withBlock(once, program)).toBe(once)
    expect(hasBlock(once, program.file)).toBe(true)
    expect(withoutBlock(once, program.file)).toBe(`${others}\n`)
    expect(withoutBlock(once, '/other/config.yml')).toBe(once)
    expect(crontabBlock(program)).toContain(
      `cd '/srv/a'\\''b\\%' && /bin/node '/opt/h f.js' schedule`,
    )
  })

  it('leaves a block without an end alone', () => {
    const broken = '# BEGIN holdfast /srv/config.yml\n1 1 1 1 1 x\n'
    expect(withoutBlock(broken, program.file)).toBe(broken)
  })

  it('has a counterpart of systemd', () => {
    const [service, timer] = systemdUnits(program)
    expect(service.text).toContain('ExecStart=/bin/node "/opt/h f.js" schedule')
    expect(service.text).toContain("WorkingDirectory=/srv/a'b%%\n")
    expect(timer.text).toContain('Persistent=true')
  })
})

describe('lockProcess', () => {
  it('lets one at a time, tells who, and is free again', async () => {
    const name = `test ${process.pid} ${Math.random()}`
    const lock = await lockProcess(name, 'it')
    await expect(lockProcess(name, 'it')).rejects.toMatchObject({
      code: 'ALREADY_RUNNING',
      facts: { pid: process.pid },
    })
    await lock.release()
    expect(await lockHolder(name)).toBe(undefined)
    await (await lockProcess(name, 'it')).release()
  })
})

describe('aggregateFailedLogins', () => {
  it('writes the first at once and the others together', async () => {
    const written: AccessFields[] = []
    let nowMs = 0
    const logins = aggregateFailedLogins(
      async (fields) => {
        written.push(fields)
      },
      { now: () => nowMs },
    )
    for (let count = 0; count < 1000; count++)
      logins.note({ user: 'x', address: `10.0.0.${count % 7}` })
    expect(written).toHaveLength(1)
    nowMs = 61_000
    await logins.flush()
    expect(written.map(({ count }) => count)).toEqual([1, 999])
    expect(written[1].message).toContain('7 addresses')
    await logins.flush()
    expect(written).toHaveLength(2)
  })
})

describe('doctor', () => {
  it('judges space and Node', () => {
    const gib = 1024 ** 3
    const space = (free: number) =>
      judgeSpace('x', { bsize: 1, blocks: 100 * gib, bavail: free, files: 100, ffree: 50 }).severity
    expect([space(50 * gib), space(2 * gib), space(gib / 20)]).toEqual(['ok', 'warning', 'problem'])
    expect(checkNode('v18.0.0').severity).toBe('problem')
    expect(checkNode('v20.19.0').severity).toBe('ok')
  })
})
