import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engine } from '../support/built-engine.ts'
import { checkout, workspace, type Workspace } from './workspace.ts'

const canary = 'canary-4f1e9a7b-passphrase'
const nextCanary = 'canary-77aa01-next-passphrase'
const contentCanary = 'canary-content-of-a-file-93b1'
const nameCanary = 'canary-name-of-a-file-5d0c'

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).map((entry) =>
    join(entry.parentPath, entry.name),
  )
}

function prepared(): Workspace {
  const place = workspace({ HOLDFAST_PASSPHRASE: canary })
  // Text that compresses, so that it would show if it were only compressed, and bytes that do not.
  place.write(`source/${nameCanary}`, contentCanary.repeat(2000))
  place.write(
    'source/b',
    Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) & 255)),
  )
  mkdirSync(place.at('home'))
  return place
}

describe('secrets', () => {
  it('reach no output, no file, no argument and no environment of a child', async () => {
    const place = prepared()
    const outputs: string[] = []
    const run = (argv: readonly string[], environment: Record<string, string> = {}): void => {
      const { stdout, stderr } = place.run([...argv, '--verbose'], { environment })
      outputs.push(stdout, stderr)
    }
    const show = place.write(
      'show',
      '#!/bin/sh\ncat /proc/$PPID/cmdline /proc/self/environ >> "$1"\nprintf %s "$2"\n',
    )
    execFileSync('chmod', ['+x', show])
    run(['init'])
    run(['snapshot', place.at('source'), '--description', 'x'])
    run(['cat', 'config', '--json'])
    run(['verify', '--all'])
    run(['key', 'add', '--label', 'second'], { HOLDFAST_NEW_PASSPHRASE: nextCanary })
    run(['list'], { HOLDFAST_PASSPHRASE: `${canary}-wrong` })
    // The environment of a child that a command starts holds no passphrase.
    const log = place.at('child.log')
    const { stderr } = place.run([
      'list',
      '--passphrase-command',
      `${show} ${log} ${nextCanary.slice(0, 6)}`,
    ])
    outputs.push(stderr, readFileSync(log, 'latin1'))
    // While it works, its own arguments and what it has open are for everybody to see.
    const child = spawn(process.execPath, [join(checkout, 'dist/cli/main.js'), 'verify', '--all'], {
      cwd: place.folder,
      env: {
        PATH: process.env['PATH'],
        HOME: place.at('home'),
        HOLDFAST_REPOSITORY: place.repository,
        HOLDFAST_PASSPHRASE: canary,
      },
    })
    const ended = new Promise((resolve) => child.once('close', resolve))
    outputs.push(spawnSync('cat', [`/proc/${child.pid}/cmdline`], { encoding: 'latin1' }).stdout)
    await ended
    for (const text of outputs) {
      for (const secret of [canary, nextCanary]) expect(text).not.toContain(secret)
    }
    const repository = await engine.openRepository({
      location: place.repository,
      cacheDirectory: place.at('home/.cache/holdfast'),
      passphrase: canary,
    })
    const master = Buffer.from(repository.masterSecret)
    await repository.close()
    const secrets = [canary, nextCanary].map((text) => Buffer.from(text))
    for (const path of [...filesBelow(place.repository), ...filesBelow(place.at('home'))]) {
      if (!lstatSync(path).isFile()) continue
      const bytes = readFileSync(path)
      for (const secret of [...secrets, master, Buffer.from(master.toString('hex'))]) {
        expect({ path, found: bytes.includes(secret) }).toEqual({ path, found: false })
      }
      // Names stand in the clear in the catalogue of this user's cache, and nowhere else.
      if (!path.startsWith(place.repository)) continue
      for (const text of [contentCanary, nameCanary]) {
        expect({ path, found: bytes.includes(text) }).toEqual({ path, found: false })
      }
    }
  })

  it('lie in files that are closed to others, whatever the umask', () => {
    const place = prepared()
    const main = join(checkout, 'dist/cli/main.js')
    const commands = [
      'init',
      `snapshot ${place.at('source')}`,
      'verify --all',
      'key add --label second',
      'prune',
      'repair catalogue --yes',
      `restore latest --target ${place.at('restored')}`,
    ]
    for (const words of commands) {
      const shell = `umask 000; exec '${process.execPath}' '${main}' ${words}`
      const { status, stderr } = spawnSync('sh', ['-c', shell], {
        encoding: 'utf8',
        env: {
          PATH: process.env['PATH'],
          HOME: place.at('home'),
          HOLDFAST_REPOSITORY: place.repository,
          HOLDFAST_PASSPHRASE: canary,
          HOLDFAST_NEW_PASSPHRASE: nextCanary,
        },
      })
      if (!words.startsWith('repair'))
        expect({ words, status, stderr }).toMatchObject({ status: 0 })
    }
    const cache = place.at('home/.cache')
    const paths = [place.repository, cache, ...filesBelow(place.repository), ...filesBelow(cache)]
    expect(paths.length).toBeGreaterThan(10)
    for (const path of [...paths, place.at('restored')]) {
      // The folder for caches of all programs is not ours alone.
      if (path === cache) continue
      const { mode } = lstatSync(path)
      expect({ path, open: (mode & 0o077).toString(8) }).toEqual({ path, open: '0' })
    }
  })

  it('leave packs whose bytes look random', async () => {
    const place = prepared()
    place.done(['init'])
    writeFileSync(place.at('source/zeros'), Buffer.alloc(3_000_000))
    writeFileSync(place.at('source/text'), 'the same again '.repeat(200_000))
    for (let file = 0; file < 40; file++) {
      writeFileSync(place.at(`source/f${file}`), Buffer.alloc(20_000, file))
    }
    const random = (await import('node:crypto')).randomBytes(400_000)
    writeFileSync(place.at('source/random'), random)
    place.done(['snapshot', place.at('source')])
    const counts = new Float64Array(256)
    let total = 0
    for (const path of filesBelow(join(place.repository, 'packs'))) {
      // Header and footer say what it is.
      for (const byte of readFileSync(path).subarray(64, -32)) counts[byte] += 1
    }
    for (const count of counts) total += count
    const expected = total / 256
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    expect(total).toBeGreaterThan(400_000)
    // 255 degrees of freedom: above 400 once in 10^8 times.
    expect(chiSquare).toBeLessThan(400)
    expect(chiSquare).toBeGreaterThan(140)
  })
})
