import { describe, expect, it } from 'vitest'

import { exceptions, mayImport, packageOwners } from './import-table.ts'
import { readSourceFiles, type ImportLine, type SourceFile } from './source-files.ts'

const files = readSourceFiles()
const byPath = new Map(files.map((file) => [file.path, file]))

function roomOf(path: string): string {
  return byPath.get(path)?.room ?? path.slice(0, path.indexOf('/'))
}

function covers(pattern: string, path: string): boolean {
  return pattern.endsWith('/') ? path.startsWith(pattern) : path === pattern
}

function isException(file: SourceFile, { target = '', isTypeOnly }: ImportLine): boolean {
  return exceptions.some(
    ({ from, to, typesOnly }) =>
      covers(from, file.path) && covers(to, target) && (typesOnly !== true || isTypeOnly),
  )
}

function isAllowed(file: SourceFile, line: ImportLine): boolean {
  if (line.target === undefined) return true
  const room = roomOf(line.target)
  if (room === file.room || mayImport[file.room]?.includes(room) === true) return true
  return isException(file, line)
}

describe('imports', () => {
  it('were found: the test looks at real files', () => {
    expect(files.length).toBeGreaterThan(50)
    expect(byPath.get('cli/main.ts')?.imports.map(({ target }) => target)).toContain(
      'cli/run-process.ts',
    )
    expect(files.flatMap(({ imports }) => imports).length).toBeGreaterThan(300)
  })

  it('follow the table: every room imports only what it may', () => {
    const violations = files.flatMap((file) =>
      file.imports
        .filter((line) => !isAllowed(file, line))
        .map(({ target }) => `${file.path} -> ${target}`),
    )
    expect(violations).toEqual([])
  })

  it('need every exception that is listed', () => {
    const unused = exceptions.filter(
      ({ from, to }) =>
        !files.some(
          (file) =>
            covers(from, file.path) &&
            file.imports.some(({ target }) => target !== undefined && covers(to, target)),
        ),
    )
    expect(unused).toEqual([])
  })

  it('know every room', () => {
    expect(Object.keys(mayImport)).toEqual(
      expect.arrayContaining([...new Set(files.map(({ room }) => room))]),
    )
  })

  it('keep operations apart from one another', () => {
    const verbOf = (path = ''): string => path.split('/').slice(0, 2).join('/')
    const violations = files
      .filter(({ room }) => room === 'operations')
      .flatMap((file) =>
        file.imports
          .filter(({ target = '' }) => target.startsWith('operations/'))
          .filter((line) => verbOf(line.target) !== verbOf(file.path) && !isException(file, line))
          .map(({ target }) => `${file.path} -> ${target}`),
      )
    expect(violations).toEqual([])
  })

  it('of the dashboard reach nothing but itself and what is said alike everywhere: it runs in a browser', () => {
    // The shapes of the answers are types: nothing of them is in the bundle.
    const answers = 'server/api/answers.ts'
    const stored = 'monitoring/storage-summary.ts'
    const shared = ['foundation/human.ts', answers, stored]
    const isOfBrowser = (path: string): boolean => path.startsWith('server/dashboard/')
    const violations = files
      .filter(({ path }) => isOfBrowser(path) || shared.includes(path))
      .flatMap((file) =>
        file.imports
          .filter(
            ({ target, isTypeOnly }) =>
              target !== undefined &&
              !(isOfBrowser(file.path) && isOfBrowser(target)) &&
              !(isOfBrowser(file.path) && target === shared[0]) &&
              !(isOfBrowser(file.path) && target === answers && isTypeOnly) &&
              !(file.path === answers && target === stored && isTypeOnly),
          )
          .map(({ target }) => `${file.path} -> ${target}`),
      )
    const intoIt = files
      .filter(({ path }) => !path.startsWith('server/dashboard/'))
      .flatMap((file) =>
        file.imports
          .filter(({ target }) => target?.startsWith('server/dashboard/') === true)
          .map(({ target }) => `${file.path} -> ${target}`),
      )
    expect([...violations, ...intoIt]).toEqual([])
  })

  it('take each package only where its owner is', () => {
    const violations = files.flatMap((file) =>
      file.imports
        .filter(({ target, specifier }) => target === undefined && !specifier.startsWith('node:'))
        .filter(({ specifier }) => {
          const name = specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/')
          return packageOwners[name]?.some((owner) => covers(owner, file.path)) !== true
        })
        .map(({ specifier }) => `${file.path} -> ${specifier}`),
    )
    expect(violations).toEqual([])
  })

  it('of the command line load no operation before a command runs', () => {
    const reached = new Set<string>()
    const visit = (path: string): void => {
      if (reached.has(path)) return
      reached.add(path)
      for (const { target, isTypeOnly, isDynamic } of byPath.get(path)?.imports ?? []) {
        // The library and the services load an operation when it is called.
        const isLater =
          isDynamic &&
          (path === 'cli/lazy-library.ts' ||
            path.startsWith('cli/commands/') ||
            roomOf(path) === 'service')
        if (target !== undefined && !isTypeOnly && !isLater) visit(target)
      }
    }
    visit('cli/main.ts')
    expect(reached.size).toBeGreaterThan(30)
    const rooms = new Set([...reached].map(roomOf))
    expect([...rooms].toSorted()).toEqual(['cli', 'config', 'foundation', 'model', 'service'])
  })
})

describe('source files', () => {
  function pathsWhere(isAtFault: (file: SourceFile) => boolean): string[] {
    return files.filter(isAtFault).map(({ path }) => path)
  }

  // Types that belong to a file's own functions may be passed on; a value has one place.
  it('re-export no values, except the library itself', () => {
    const reexports = /(?:^|\n)export\s+(?:\*|\{)[^;]*?\sfrom\s/
    expect(pathsWhere(({ path, code }) => path !== 'index.ts' && reexports.test(code))).toEqual([])
  })

  it('have no default exports', () => {
    expect(
      pathsWhere(({ code }) => /(?:^|\n)export\s+default\b|\bas default\b/.test(code)),
    ).toEqual([])
  })

  it('write to the terminal only in cli/', () => {
    const writes = /\bconsole\.|\bprocess\.(?:stdout|stderr)\b/
    expect(pathsWhere(({ room, code }) => room !== 'cli' && writes.test(code))).toEqual([])
  })

  it('of the dashboard make no markup of text', () => {
    const makes =
      /innerHTML|outerHTML|insertAdjacentHTML|srcdoc|document\.write|\beval\b|new Function|DOMParser/
    const isOurs = (file: SourceFile): boolean => file.path.startsWith('server/dashboard/')
    expect(pathsWhere((file) => isOurs(file) && makes.test(file.text))).toEqual([])
    expect(pathsWhere(isOurs).length).toBeGreaterThan(50)
  })

  it('end the process only in cli/', () => {
    const ends = /\bprocess\.(?:exit|exitCode|abort)\b/
    expect(pathsWhere(({ room, code }) => room !== 'cli' && ends.test(code))).toEqual([])
  })

  it('have at most 500 lines', () => {
    expect(pathsWhere(({ lineCount }) => lineCount > 500)).toEqual([])
  })

  it('are named in kebab-case', () => {
    expect(pathsWhere(({ path }) => !/^[a-z0-9-/]+(?:\.d)?\.tsx?$/.test(path))).toEqual([])
  })
})
