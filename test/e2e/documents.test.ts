import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { compareTrees } from '../../native-bench/compare-trees.ts'
import { mayImport } from '../architecture/import-table.ts'
import { libraryExample } from './readme.ts'
import { checkout, workspace, type Workspace } from './workspace.ts'

/** A folder in which `holdfast` can be imported as where it is installed. */
function withExample(): Workspace {
  const space = workspace()
  mkdirSync(space.at('node_modules/@types'), { recursive: true })
  symlinkSync(checkout, space.at('node_modules/holdfast'))
  symlinkSync(join(checkout, 'node_modules/@types/node'), space.at('node_modules/@types/node'))
  space.write('package.json', '{ "type": "module" }')
  space.write('example.ts', libraryExample())
  space.write('example.js', libraryExample())
  return space
}

describe('the library example of the README', () => {
  it('saves, proves and restores', () => {
    const space = withExample()
    space.write('project/data/index', 'some data')
    space.write('project/config.yml', 'a: 1\n')
    const options = {
      cwd: space.folder,
      encoding: 'utf8',
      env: { ...process.env, HOME: space.at('home') },
    } as const
    const output = execFileSync(process.execPath, ['example.js'], options)
    expect(output).toMatch(/^[0-9a-f]{64}: \d+ bytes added$/m)
    expect(output).toMatch(/^\d+ blobs read back, 0 damaged$/m)
    const restored = space.at('restored/project')
    expect(compareTrees(space.at('project'), restored).differences).toEqual([])
  })

  it('is correct TypeScript with the published types', () => {
    const space = withExample()
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2023',
      strict: true,
      noEmit: true,
      types: ['node'],
    }
    space.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['example.ts'] }))
    const compiler = join(checkout, 'node_modules/typescript/bin/tsc')
    expect(
      execFileSync(process.execPath, [compiler], { cwd: space.folder, encoding: 'utf8' }),
    ).toBe('')
  })
})

const pages = ['README.md', ...markdownIn('docs'), ...markdownIn('docs/decisions')]

function markdownIn(folder: string): string[] {
  const names = readdirSync(join(checkout, folder)).filter((name) => name.endsWith('.md'))
  return names.map((name) => join(folder, name))
}

describe('the documents', () => {
  it.each(pages)('%s links to files that exist', (page) => {
    const text = readFileSync(join(checkout, page), 'utf8')
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path)
    const missing = links.filter((path) => !existsSync(join(checkout, dirname(page), path)))
    expect(missing).toEqual([])
  })

  it('name make targets that exist', () => {
    const readme = readFileSync(join(checkout, 'README.md'), 'utf8')
    const makefile = readFileSync(join(checkout, 'Makefile'), 'utf8')
    const uses = [...readme.matchAll(/\bmake ([a-z][a-z- ]*[a-z])(?=`| *#)/g)]
    const targets = uses.flatMap(([, words]) => words.split(' '))
    expect(targets).toEqual(expect.arrayContaining(['quickstart', 'test', 'backup-list']))
    expect(targets.filter((target) => !makefile.includes(`\n${target}:`))).toEqual([])
  })

  it('give the import table as it is enforced, for the rooms that there are', () => {
    const text = readFileSync(join(checkout, 'docs/ARCHITECTURE.md'), 'utf8')
    const section = text.slice(text.indexOf('\n## Rooms'), text.indexOf('\n## How a snapshot'))
    const rows = [...section.matchAll(/^\| `([a-z]+)` \| (.+) \|$/gm)]
    const documented = rows.map(([, room, cell]) => [
      room,
      [...cell.matchAll(/`([a-z]+)`/g)].map(([, name]) => name),
    ])
    expect(documented.length).toBeGreaterThan(8)
    const names = readdirSync(join(checkout, 'src')).map((name) => name.replace(/\.ts$/, ''))
    const rooms = new Set(names)
    const enforced = Object.entries(mayImport).filter(([room]) => rooms.has(room))
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(enforced))
  })
})
