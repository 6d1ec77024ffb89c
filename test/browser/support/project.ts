import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { fastFolder } from '../../support/fast-folder.ts'

export const checkout: string = fileURLToPath(new URL('../../..', import.meta.url))
const main = join(checkout, 'dist/cli/main.js')
const shiftClock = join(checkout, 'test/browser/support/shift-clock.js')

const hourMs = 3_600_000

export interface RunOptions {
  /** How long ago it is for the command. */
  readonly ageMs?: number
  /** Statuses that are no surprise; 0 by default. */
  readonly statuses?: readonly number[]
}

/** A project's folder with a configuration, what is backed up, and a repository; used only through the built command. */
export interface Project {
  readonly folder: string
  readonly repository: string
  readonly environment: Readonly<Record<string, string>>
  at(...parts: string[]): string
  write(path: string, content: string | Uint8Array): void
  run(argv: readonly string[], options?: RunOptions): string
  remove(): void
}

export interface ProjectOptions {
  /** Lines of config.yml below `holdfast:`, without their indentation. */
  readonly settings?: readonly string[]
}

export function newProject(options: ProjectOptions = {}): Project {
  const folder = mkdtempSync(join(fastFolder, 'holdfast-browser-'))
  const at = (...parts: string[]): string => join(folder, ...parts)
  const environment = { PATH: process.env['PATH'] ?? '', HOME: at('home'), TZ: 'UTC' }
  const project: Project = {
    folder,
    repository: at('repo'),
    environment,
    at,
    write(path, content) {
      mkdirSync(dirname(at(path)), { recursive: true })
      writeFileSync(at(path), content)
    },
    run(argv, { ageMs = 0, statuses = [0] } = {}) {
      const preload = ageMs === 0 ? [] : ['--import', shiftClock]
      const { status, stdout, stderr } = spawnSync(process.execPath, [...preload, main, ...argv], {
        cwd: folder,
        env: { ...environment, HOLDFAST_TEST_CLOCK_SHIFT_MS: String(ageMs) },
        encoding: 'utf8',
        timeout: 120_000,
      })
      if (status !== null && statuses.includes(status)) return stdout
      throw new Error(`holdfast ${argv.join(' ')}: status ${status}\n${stdout}${stderr}`)
    },
    remove() {
      execFileSync('chmod', ['-R', 'u+rwX', folder])
      execFileSync('rm', ['-rf', folder])
    },
  }
  mkdirSync(at('home'))
  mkdirSync(at('restored'))
  project.write('config.yml', configuration(options.settings ?? []))
  project.run(['init'])
  return project
}

function configuration(settings: readonly string[]): string {
  const own = ['server:', '  restore_roots: ["./restored"]', ...settings]
  return `repository: ./repo

api:
  backup:
    schedule: { full_backup_days: 7, incremental_hours: 24, retention_days: 30, max_backups: 60 }
    paths: { index: "data/index/", cache: "logs/cache/", config: "config.yml", logs: "logs/" }
    verification: false
    auto_cleanup: false

holdfast:
${own.map((line) => `  ${line}`).join('\n')}
`
}

/** Bytes that look like noise and are the same each time. */
export function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = seed * 2_654_435_761 + 1
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** A small application: an index, caches, logs, a picture, a page. */
export function fillProject(project: Project): void {
  for (let part = 0; part < 12; part++) {
    project.write(`data/index/segment-${String(part).padStart(4, '0')}.bin`, noise(64 * 1024, part))
  }
  project.write('data/index/manifest.json', JSON.stringify({ version: 1, parts: 12 }, null, 2))
  project.write('data/index/cover.png', tinyPicture)
  project.write('data/index/page.html', '<script>parent.pwned()</script><h1>A page</h1>')
  project.write('data/index/drawing.svg', hostileDrawing)
  for (let entry = 0; entry < 40; entry++) {
    project.write(
      `logs/cache/query-${String(entry).padStart(3, '0')}.json`,
      `{"entry": ${entry}}\n`,
    )
  }
  project.write('logs/service.log', 'INFO started\nINFO \u001b[31mred\u001b[0m\n'.repeat(50))
}

const tinyPicture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

const hostileDrawing =
  '<svg xmlns="http://www.w3.org/2000/svg" onload="parent.pwned()"><script>parent.pwned()</script></svg>'

/** What happened over a month: mostly good runs, one that failed, a change each time. */
export function makeHistory(project: Project, days: number): void {
  for (let day = days; day >= 1; day--) {
    const ageMs = day * 24 * hourMs - hourMs
    project.write(
      'data/index/manifest.json',
      JSON.stringify({ version: days - day + 2, day }, null, 2),
    )
    project.write(
      `data/index/segment-${String(day % 12).padStart(4, '0')}.bin`,
      noise(64 * 1024, 100 + day),
    )
    project.write(`logs/cache/day-${String(day).padStart(2, '0')}.json`, noise(9000, 500 + day))
    const type = day % 7 === 0 || day === days ? 'full' : 'incremental'
    const words = day % 5 === 0 ? ['--description', 'before the upgrade of the index'] : []
    project.run(['create', '--type', type, ...words], { ageMs })
  }
}
