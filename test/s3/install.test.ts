import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { scratchFolder } from '../support/scratch.ts'

/*
 * The installation of an engine, with a program in the place of mmdebstrap that makes a root in an instant: it counts its calls, and
 * does what the test says.
 */

const script = join(import.meta.dirname, 'engines/ceph.sh')

let folder: string
let root: string

beforeEach(() => {
  folder = scratchFolder()
  root = join(folder, 'engines/ceph-trixie')
  mkdirSync(join(folder, 'bin'))
})

/** What the installer does; `$part` is where the root is to be made. */
function installerDoes(commands: string): void {
  const path = join(folder, 'bin/mmdebstrap')
  writeFileSync(
    path,
    `#!/bin/bash\nset -e\npart=\${@: -2:1}\necho called >>${folder}/calls\nmkdir "$part"\n${commands}\n`,
  )
  chmodSync(path, 0o755)
}

const complete =
  'mkdir -p "$part/usr/bin"; touch "$part/usr/bin/radosgw"; chmod +x "$part/usr/bin/radosgw"'

function startInstalling(): { readonly pid: number; readonly ended: Promise<number | string> } {
  const child = spawn(script, ['install'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
      HOLDFAST_TEST_ENGINES: join(folder, 'engines'),
      HOLDFAST_ENGINE_SUITE: 'trixie',
    },
  })
  const ended = once(child, 'close').then(
    ([status, signal]: unknown[]) => (status ?? signal) as number | string,
  )
  return { pid: child.pid!, ended }
}

async function install(): Promise<number | string> {
  return await startInstalling().ended
}

function callCount(): number {
  return readFileSync(join(folder, 'calls'), 'utf8').split('\n').length - 1
}

describe('the installation of an engine', () => {
  it('happens once', async () => {
    installerDoes(complete)
    expect(await install()).toBe(0)
    expect(await install()).toBe(0)
    expect(callCount()).toBe(1)
    expect(existsSync(join(root, 'usr/bin/radosgw'))).toBe(true)
  })

  it('happens once when two processes want it at the same time', async () => {
    installerDoes(`sleep 1; ${complete}`)
    expect(await Promise.all([install(), install()])).toEqual([0, 0])
    expect(callCount()).toBe(1)
  })

  it('is tried again when it fails, from nothing', async () => {
    installerDoes(
      `touch "$part/left"; [ "$(wc -l <${folder}/calls)" = 2 ]; rm "$part/left"; ${complete}`,
    )
    expect(await install()).toBe(0)
    expect(callCount()).toBe(2)
    expect(existsSync(join(root, 'left'))).toBe(false)
  })

  it('begins anew when it was killed, and is not taken for a whole one before', async () => {
    installerDoes('touch "$part/left"; mkdir -p "$part/usr/bin"; sleep 300')
    const killed = startInstalling()
    await vi.waitUntil(() => existsSync(join(`${root}.part`, 'usr/bin')), { timeout: 20_000 })
    process.kill(killed.pid, 'SIGKILL')
    expect(await killed.ended).toBe('SIGKILL')
    expect(existsSync(root)).toBe(false)

    installerDoes(complete)
    expect(await install()).toBe(0)
    expect(readdirSync(root)).toEqual(['usr'])
  })

  it('begins anew when somebody removed a part of the root', async () => {
    mkdirSync(join(root, 'etc'), { recursive: true })
    installerDoes(complete)
    expect(await install()).toBe(0)
    expect(readdirSync(root)).toEqual(['usr'])
  })
})
