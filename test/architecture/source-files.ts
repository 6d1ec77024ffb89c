import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One import or re-export of a source file. */
export interface ImportLine {
  /** As written. */
  readonly specifier: string
  /** Path below `src/` of a relative import; undefined for packages and built-in modules. */
  readonly target: string | undefined
  /** `import type`, which is gone after compilation. */
  readonly isTypeOnly: boolean
  /** `import('…')`, which is loaded when it is reached. */
  readonly isDynamic: boolean
}

export interface SourceFile {
  /** Below `src/`, such as `cli/main.ts`. */
  readonly path: string
  /** First folder of the path; `index` for the library's entry. */
  readonly room: string
  readonly text: string
  /** The text without comments and without what stands in quotes. */
  readonly code: string
  readonly lineCount: number
  readonly imports: readonly ImportLine[]
}

const sourceFolder = fileURLToPath(new URL('../../src/', import.meta.url))

/** AssemblyScript is another language with the same file extension. */
const foreignFolder = /^format\/[a-z]+\/assembly\//

export function readSourceFiles(): readonly SourceFile[] {
  return readdirSync(sourceFolder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !foreignFolder.test(path))
    .sort()
    .map(readSourceFile)
}

function readSourceFile(path: string): SourceFile {
  const text = readFileSync(join(sourceFolder, path), 'utf8')
  return {
    path,
    room: path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/\.tsx?$/, ''),
    text,
    code: withoutCommentsAndTexts(text),
    lineCount: text.split('\n').length - 1,
    imports: findImports(path, withoutComments(text)),
  }
}

const statement =
  /(?:^|\n)\s*(?:import|export)\s(?<clause>[^'"`;]*?)from\s*['"](?<from>[^'"]+)['"]|(?:^|\n)import\s*['"](?<bare>[^'"]+)['"]|\bimport\(\s*['"](?<dynamic>[^'"]+)['"]/g

/** Finds imports by their written form; the compiler has checked already that each of them exists. */
function findImports(path: string, text: string): ImportLine[] {
  return [...text.matchAll(statement)].map(({ groups = {} }) => {
    const { clause = '', from, bare, dynamic } = groups as Record<string, string | undefined>
    const specifier = from ?? bare ?? dynamic ?? ''
    return {
      specifier,
      target: specifier.startsWith('.') ? targetOf(path, specifier) : undefined,
      isTypeOnly: isTypeOnly(clause),
      isDynamic: dynamic !== undefined,
    }
  })
}

function targetOf(path: string, specifier: string): string {
  return relative(sourceFolder, resolve(sourceFolder, dirname(path), specifier))
}

/** `type X`, or `{ type A, type B }`. */
function isTypeOnly(clause: string): boolean {
  const names = clause.trim()
  if (names.startsWith('type ')) return true
  if (!names.startsWith('{')) return false
  const listed = names
    .replace(/[{}]/g, '')
    .split(',')
    .map((name) => name.trim())
  return listed.filter((name) => name !== '').every((name) => name.startsWith('type '))
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/[^\n]*/g, '$1')
}

function withoutCommentsAndTexts(text: string): string {
  return withoutComments(text).replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
}
