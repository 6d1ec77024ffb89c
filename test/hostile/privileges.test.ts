import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AT_FDCWD, posix } from '../../src/filesystem/posix/posix.ts'
import { modes } from '../support/forge/forge.ts'
import { attributesRecord } from '../support/forge/raw-page.ts'
import { codeOf } from '../support/repositories.ts'
import { isRoot } from '../support/scratch.ts'
import { childScript, engine } from '../support/built-engine.ts'
import { hostileWorld, type HostileWorld } from './hostile-world.ts'

/** `cap_setuid+ep` of version 2. */
const capability = Buffer.from('0100000280000000000000000000000000000000', 'hex')
/** Everything for user 1. */
const acl = Buffer.from(
  '02000000' +
    '01000700ffffffff' +
    '0200070001000000' +
    '04000500ffffffff' +
    '10000700ffffffff' +
    '20000500ffffffff',
  'hex',
)

function powerful({ forge }: HostileWorld): string {
  const owner = { uid: 12, gid: 34 }
  return forge.snapshot(
    forge.directory([
      forge.fileEntry('suid', 'x', { mode: 0o104755, ...owner }),
      forge.fileEntry('sgid', 'x', { mode: 0o102755, ...owner }),
      forge.fileEntry('sticky', 'x', { mode: 0o101777, ...owner }),
      forge.fileEntry('capable', 'x', {
        mode: 0o100755,
        ...owner,
        extra: attributesRecord([
          ['security.capability', capability],
          ['user.kept', 'yes'],
        ]),
      }),
      forge.fileEntry('shared', 'x', {
        mode: 0o100600,
        ...owner,
        extra: attributesRecord([['system.posix_acl_access', acl]]),
      }),
      forge.fileEntry('large', Buffer.alloc(1_100_000, 1), { mode: 0o106755, ...owner }),
      forge.deviceEntry('disk', modes.block, 7, 0),
      forge.deviceEntry('memory', modes.character, 1, 1),
      forge.directoryEntry('folder', forge.directory([]), { mode: 0o042777, ...owner }),
    ]),
  )
}

function attributesOf(path: string): string[] {
  const fd = posix.openFile(AT_FDCWD, Buffer.from(path), constants.O_RDONLY)
  try {
    return posix.getXattrs(fd).map(({ name }) => name.toString())
  } finally {
    posix.close(fd)
  }
}

describe('a snapshot that is not trusted', () => {
  it.runIf(isRoot)('gives away no power when root restores it, and says what it kept', async () => {
    const world = await hostileWorld()
    const { result, messages } = await world.restore(powerful(world), { untrusted: true })
    expect(messages).toEqual([])
    expect(result).toMatchObject({
      errors: 0,
      withheld: { owner: 7, setIdBits: 4, attributes: 2, devices: 2 },
    })
    const { target } = world
    for (const name of readdirSync(target)) {
      const { uid, gid, mode } = lstatSync(join(target, name))
      expect([name, uid, gid, mode & 0o6000]).toEqual([name, 0, 0, 0])
    }
    expect(readdirSync(target)).not.toContain('disk')
    expect(readdirSync(target)).not.toContain('memory')
    expect(attributesOf(join(target, 'capable'))).toEqual(['user.kept'])
    expect(attributesOf(join(target, 'shared'))).toEqual([])
    expect(lstatSync(join(target, 'sticky')).mode & 0o7777).toBe(0o1777)
  })

  it.runIf(isRoot)('and one that is gives back everything', async () => {
    const world = await hostileWorld()
    const { result, messages } = await world.restore(powerful(world))
    expect(messages).toEqual([])
    expect(result.withheld).toEqual({ owner: 0, setIdBits: 0, attributes: 0, devices: 0 })
    const { target } = world
    expect(lstatSync(join(target, 'suid')).mode & 0o7777).toBe(0o4755)
    expect(lstatSync(join(target, 'large')).mode & 0o7777).toBe(0o6755)
    expect(lstatSync(join(target, 'suid')).uid).toBe(12)
    expect(lstatSync(join(target, 'disk')).isBlockDevice()).toBe(true)
    expect(attributesOf(join(target, 'capable')).sort()).toEqual([
      'security.capability',
      'user.kept',
    ])
  })

  it('is not restored to where it says that it came from', async () => {
    const world = await hostileWorld()
    const id = powerful(world)
    const repository = await world.open()
    const snapshot = engine.resolveSnapshot(repository, id)
    expect(await codeOf(engine.restore(repository, { snapshot, untrusted: true }))).toBe('USAGE')
  })
})

describe('a file that stands in the target and has the content already', () => {
  const content = 'root:x:0:0'

  async function restoreOver(
    before: { uid: number; mode: number },
    wanted: { uid: number; mode: number },
  ): Promise<{ text: string; unchanged: number; mode: number; uid: number }> {
    const world = await hostileWorld()
    const { forge, target } = world
    mkdirSync(target)
    const path = join(target, 'file')
    writeFileSync(path, content)
    chmodSync(path, before.mode)
    chownSync(path, before.uid, before.uid)
    // Its owner has opened it for writing before root came.
    const held = openSync(path, 'r+')
    const entry = forge.fileEntry('file', content, {
      uid: wanted.uid,
      gid: wanted.uid,
      mode: (modes.file & ~0o7777) | wanted.mode,
    })
    const { result } = await world.restore(forge.snapshot(forge.directory([entry])))
    writeSync(held, 'evil:x:0:0', 0)
    closeSync(held)
    const { mode, uid } = statSync(path)
    return {
      text: readFileSync(path, 'latin1'),
      unchanged: result.filesUnchanged,
      mode: mode & 0o7777,
      uid,
    }
  }

  it.runIf(isRoot)('is not taken over from another owner, who may have it open', async () => {
    const { text, unchanged, uid } = await restoreOver(
      { uid: 1000, mode: 0o600 },
      { uid: 0, mode: 0o600 },
    )
    expect({ text, unchanged, uid }).toEqual({ text: content, unchanged: 0, uid: 0 })
  })

  it.runIf(isRoot)('is not taken over when others may write to it', async () => {
    const { text, unchanged, mode } = await restoreOver(
      { uid: 0, mode: 0o622 },
      { uid: 0, mode: 0o600 },
    )
    expect({ text, unchanged, mode }).toEqual({ text: content, unchanged: 0, mode: 0o600 })
  })

  it.runIf(isRoot)('stays when its owner is the one that it shall have', async () => {
    const { unchanged } = await restoreOver({ uid: 7, mode: 0o640 }, { uid: 7, mode: 0o600 })
    expect(unchanged).toBe(1)
  })
})

describe('a user who is not root', () => {
  it.runIf(isRoot)('gets no set-id file, no foreign owner and no device', async () => {
    const world = await hostileWorld()
    const id = powerful(world)
    const script = `
      process.setgid(1234); process.setgroups([]); process.setuid(1234)
      const engine = await import(process.argv[1])
      const repository = await engine.openRepository({ location: process.argv[2], cacheDirectory: process.argv[4] + '/cache' })
      const snapshot = engine.resolveSnapshot(repository, process.argv[3])
      const result = await engine.restore(repository, { snapshot, target: Buffer.from(process.argv[4] + '/target') })
      console.log(JSON.stringify(result))
      process.exit(0)`
    const { location } = world.test
    const place = join(location, '..', 'mine')
    mkdirSync(place)
    chownSync(place, 1234, 1234)
    execFileSync('chmod', ['-R', 'a+rwX', join(location, '..')])
    const out = execFileSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        script,
        join(childScript('any'), '../../../../src/index.js'),
        location,
        id,
        place,
      ],
      { encoding: 'utf8' },
    )
    const result = JSON.parse(out.trim().split('\n').at(-1) ?? '') as {
      withheld: unknown
      errors: number
    }
    expect(result.withheld).toEqual({ owner: 7, setIdBits: 4, attributes: 0, devices: 2 })
    const target = join(place, 'target')
    for (const name of readdirSync(target)) {
      const { uid, mode } = lstatSync(join(target, name))
      expect([name, uid, mode & 0o6000]).toEqual([name, 1234, 0])
    }
  })
})
