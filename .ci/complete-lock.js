#!/usr/bin/env node
/*
 * Adds what `npm install` leaves out of package-lock.json: the optional packages of other platforms.
 *
 * npm drops an optional package from the lock file when the registry in use does not have it, and `npm ci` then refuses the
 * lock file on every machine whose registry does (and on this one). The entries added here hold what follows from the
 * package's name: version, system, processor, C library. They have no checksum; npm computes one when it installs them.
 *
 * Run `node .ci/complete-lock.js` after each change of a dependency; test/e2e/package.test.ts fails when it is forgotten.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
]

/** `@scope/name-linux-arm64-musl` gives the fields by which npm decides whether to install it, in npm's order. */
function entryOf(name, { version, isDev }) {
  const words = name.slice(name.lastIndexOf('/') + 1).split('-')
  const system = systems.find((each) => words.includes(each))
  const processor = processors.find((each) => words.includes(each))
  if (processor === undefined) throw new Error(`"${name}" names no processor: add it by hand`)
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`"${name}" is not pinned: "${version}"`)
  const library = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'
  return {
    version,
    cpu: [processor],
    ...(isDev && { dev: true }),
    ...(system === 'linux' && { libc: [library] }),
    optional: true,
    ...(system !== undefined && { os: [system] }),
  }
}

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const added = {}
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`
    if (lock.packages[place] !== undefined) continue
    added[place] = entryOf(name, { version, isDev: entry.dev === true })
  }
}

// npm keeps the entries in the order of its own comparison of names, which this one equals for package names.
const places = [...Object.keys(lock.packages), ...Object.keys(added)]
places.sort((left, right) => left.localeCompare(right, 'en'))
lock.packages = Object.fromEntries(
  places.map((place) => [place, lock.packages[place] ?? added[place]]),
)
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
process.stdout.write(`${Object.keys(added).length} entries added\n`)
