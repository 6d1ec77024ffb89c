/**
 * `make quickstart`: makes a small project in ./quickstart (or the folder given), backs it up, changes it, backs it up again, and proves that
 * both the repository and what is restored from it are right. Every step is the real command, as one would type it.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { compareTrees } from '../../native-bench/compare-trees.ts'
import { folderSize, inMiB } from './folder-size.ts'
import { changeProject, makeProject, metadataPath } from './project.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const holdfast = join(checkout, 'dist/cli/main.js')
const folder = resolve(process.argv[2] ?? join(checkout, 'quickstart'))
const project = join(folder, 'project')
const repository = join(folder, 'repository')
const markerFile = join(folder, '.made-by-make-quickstart')

function main(): void {
  clearFolder()
  makeAndSave()
  const metadataBefore = readFileSync(join(project, metadataPath))
  changeAndSave()
  runHoldfast('What there is now', ['list'])
  runHoldfast('Read everything back and check every hash', ['verify', '--all'])
  restoreOneFile(metadataBefore)
  restoreEverything()
  summarize()
}

/** Only what an earlier run made is removed. */
function clearFolder(): void {
  if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(markerFile)) {
    fail(`"${folder}" exists and was not made by make quickstart: move it away first`)
  }
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  writeFileSync(markerFile, 'make quickstart removes this folder and makes it anew\n')
}

function makeAndSave(): void {
  heading('Make a project: a vector index, cached answers, logs, a config.yml')
  makeProject(project)
  const { files, bytes } = folderSize(project)
  say(`${files.toLocaleString('en')} files, ${inMiB(bytes)}, in ${shown(project)}`)
  runHoldfast('Create the repository that config.yml names', ['init'])
  runHoldfast('First backup: reads everything, then proves it', ['create', '--type', 'full'])
  sayRepositorySize()
}

function changeAndSave(): void {
  heading('A day passes')
  for (const sentence of changeProject(project)) say(sentence)
  const before = folderSize(repository).bytes
  runHoldfast('Second backup: reads what changed, stores what is new, proves it', [
    'create',
    '--type',
    'incremental',
  ])
  const after = folderSize(repository).bytes
  say(`The repository grew by ${inMiB(after - before)}, to ${inMiB(after)}`)
}

function restoreOneFile(expected: Buffer): void {
  const target = join(folder, 'restored-file')
  runHoldfast('Restore one file as it was in the first backup', [
    'restore',
    `latest~1:${metadataPath}`,
    '--target',
    target,
  ])
  const restoredFile = join(target, basename(metadataPath))
  if (!readFileSync(restoredFile).equals(expected)) fail(`"${restoredFile}" differs`)
  say(`${shown(restoredFile)} is what the file was before the change, byte for byte`)
}

function restoreEverything(): void {
  const target = join(folder, 'restored')
  runHoldfast('Restore everything into an empty folder', ['restore', 'latest', '--target', target])
  heading('Compare the restored folder with the project')
  const startedAt = performance.now()
  const result = compareTrees(project, target)
  for (const difference of result.differences) say(difference)
  if (result.differenceCount > 0) fail(`${result.differenceCount} differences`)
  say(
    `${result.entryCount.toLocaleString('en')} entries, ${inMiB(result.byteCount)}: all equal in ` +
      `content, mode, owner and time (${seconds(performance.now() - startedAt)})`,
  )
}

function summarize(): void {
  runHoldfast('In sum', ['status'])
  say('')
  say(`Everything is in ${shown(folder)}; look around there:`)
  say(`  cd ${shown(project)}`)
  say('  npx holdfast ls -l latest:data/index')
  say('  npx holdfast --help')
}

/** Runs the command in the project, as a user would, and shows what it prints. */
function runHoldfast(title: string, argv: readonly string[]): void {
  heading(title)
  const words = argv.map((word) => (word.startsWith('/') ? relative(project, word) : word))
  say(`$ npx holdfast ${words.join(' ')}`)
  const startedAt = performance.now()
  const { status, error } = spawnSync(process.execPath, [holdfast, ...argv], {
    cwd: project,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: environment(),
  })
  if (error !== undefined) fail(error.message)
  if (status !== 0) fail(`the command ended with status ${status}`)
  say(`(${seconds(performance.now() - startedAt)}, program start included)`)
}

/** Without settings of the user that would lead to another repository. */
function environment(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter((name) => !name.startsWith('HOLDFAST_'))
  return Object.fromEntries(names.map((name) => [name, process.env[name]]))
}

function sayRepositorySize(): void {
  say(`The repository takes ${inMiB(folderSize(repository).bytes)}`)
}

let stepNumber = 0

function heading(title: string): void {
  say(`\n${++stepNumber}. ${title}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function fail(message: string): never {
  process.stderr.write(`quickstart: ${message}\n`)
  process.exit(1)
}

function shown(path: string): string {
  return relative(process.cwd(), path)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

main()
