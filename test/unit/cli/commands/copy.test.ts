import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { HoldfastError } from '../../../../src/foundation/errors.ts'
import type { CopyOptions } from '../../../../src/operations/copy/copy-options.ts'
import { scratchFolder } from '../../../support/scratch.ts'
import { run } from '../run-in-process.ts'
import { createStandIn } from '../stand-in-library.ts'
import { copied, snapshot } from '../stand-in-samples.ts'

const argv = ['copy', '--from', '/srv/other', '--repo', '/srv/own']
const intact = { ...copied, snapshots: copied.snapshots.slice(0, 2) }

function opened(calls: Awaited<ReturnType<typeof run>>['calls']): (() => Promise<string>)[] {
  return calls
    .filter(({ name }) => name === 'openRepository')
    .map(({ options }) => options['passphrase'] as () => Promise<string>)
}

describe('holdfast copy', () => {
  it('opens the target, then the source, and closes both', async () => {
    const standIn = createStandIn()
    const { status, calls, given, out } = await run(argv, { standIn })
    const places = calls
      .filter(({ name }) => name === 'openRepository')
      .map(({ options }) => options['location'])
    expect(places).toEqual(['/srv/own', '/srv/other'])
    expect(standIn.openCount).toBe(0)
    expect(given('copySnapshots')).toMatchObject({
      newerOnly: false,
      readAll: false,
      dryRun: false,
    })
    expect(status).toBe(20)
    expect(out).toContain('damaged, 1 path lost')
    expect(out).toContain('Copied 1 snapshot in 4.0 s, 1 there already, 1 damaged and not copied')
    expect(out).toContain('each chunk was checked')
  })

  it('ends with 0 when nothing is lost, and closes both when it fails', async () => {
    const fine = createStandIn({ copySnapshots: async () => intact })
    expect((await run(argv, { standIn: fine })).status).toBe(0)
    const broken = createStandIn({
      copySnapshots: async () => {
        throw new HoldfastError('STORAGE_FAILED', 'it is gone', { remedy: 'find it' })
      },
    })
    expect((await run(argv, { standIn: broken })).status).toBe(21)
    expect(broken.openCount).toBe(0)
  })

  it('takes snapshots by argument or option, or a choice of them, and not both', async () => {
    const named = await run([...argv, 'latest', '--snapshot', 'latest'])
    expect(named.given('copySnapshots')['snapshots']).toMatchObject([{ id: snapshot.id }])
    const filtered = await run([...argv, '--host', 'web1', '--tag', 'nightly', '--newer', '-n'])
    const options = filtered.given('copySnapshots') as unknown as CopyOptions
    expect(options).toMatchObject({ newerOnly: true, dryRun: true })
    expect(options.isSelected?.(snapshot)).toBe(true)
    expect(options.isSelected?.({ ...snapshot, hostname: 'web2' })).toBe(false)
    const both = await run([...argv, 'latest', '--host', 'web1'])
    expect(both.status).toBe(2)
  })

  it('knows the source by restic’s name and by a variable, and asks for it otherwise', async () => {
    const other = await run(['copy', '--from-repo', '/srv/other'])
    expect(other.calls.at(-1)?.name).toBe('copySnapshots')
    const variable = { HOLDFAST_FROM_REPOSITORY: '/srv/other' }
    const byVariable = await run(['copy'], { environment: variable })
    expect(byVariable.calls.at(-1)?.name).toBe('copySnapshots')
    expect((await run(['copy'])).status).toBe(2)
    expect((await run([...argv, '--from-repo', '/srv/third'])).status).toBe(2)
  })

  it('keeps the passphrases of the two apart', async () => {
    const folder = scratchFolder()
    const file = join(folder, 'pass')
    writeFileSync(file, 'of the source\n')
    chmodSync(file, 0o600)
    const environment = { HOLDFAST_PASSPHRASE: 'of the target' }
    const byFile = await run([...argv, '--from-passphrase-file', file], { environment })
    const [target, source] = opened(byFile.calls)
    expect([await target(), await source()]).toEqual(['of the target', 'of the source'])
    const byVariable = await run(argv, {
      environment: { ...environment, HOLDFAST_FROM_PASSPHRASE: 'another' },
    })
    expect(await opened(byVariable.calls)[1]()).toBe('another')
    const without = await run(argv, { environment })
    await expect(opened(without.calls)[1]()).rejects.toMatchObject({ code: 'PASSPHRASE_MISSING' })
  })

  it('takes the passphrase of a repository that config.yml knows from there', async () => {
    const workingFolder = scratchFolder()
    const file = join(workingFolder, 'pass')
    writeFileSync(file, 'configured\n')
    chmodSync(file, 0o600)
    writeFileSync(
      join(workingFolder, 'config.yml'),
      'holdfast:\n  also_to:\n    - repository: other\n      passphrase_file: pass\n',
    )
    const { calls } = await run(['copy', '--from', 'other', '--repo', 'own'], { workingFolder })
    expect(await opened(calls)[1]()).toBe('configured')
  })

  it('gives a line of JSON for each snapshot and each path that is lost', async () => {
    const { json } = await run([...argv, '--json'])
    const lines = json()
    expect(lines.map(({ message_type: type }) => type)).toEqual([
      'copy',
      'copy',
      'lost',
      'copy',
      'summary',
    ])
    expect(lines[0]).toMatchObject({ source_id: snapshot.id, outcome: 'copied', bytes_read: 7000 })
    expect(lines[3]).toMatchObject({ outcome: 'damaged', snapshot_id: null, lost: 1 })
    expect(lines[4]).toMatchObject({ copied: 1, present: 1, damaged: 1, data_added_packed: 2100 })
  })

  it('verifies what is here now when it is asked to', async () => {
    const standIn = createStandIn({ copySnapshots: async () => intact })
    const { given, out } = await run([...argv, '--verify'], { standIn })
    expect(given('verify')['snapshots']).toHaveLength(2)
    expect(out).toMatch(/read back|damage was found/)
    expect((await run([...argv, '--verify', '-n'])).calls.map(({ name }) => name)).not.toContain(
      'verify',
    )
  })
})
