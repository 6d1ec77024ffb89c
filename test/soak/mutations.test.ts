import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fastFolder, scratchFolder } from '../support/scratch.ts'
import { mutantFault, type Mutant } from './mutations/mutant.ts'
import { mutants } from './mutations/mutants.ts'
import { runMutants } from './mutations/run-mutants.ts'

const checkout = join(import.meta.dirname, '../..')

function source(path: string): string {
  return readFileSync(join(checkout, path), 'utf8')
}

/** With what it imports from its own folder: tests that several share. */
function sourceOfTests(path: string): string {
  const text = source(path)
  const imported = [...text.matchAll(/ from '\.\/(.*)'/g)].map(([, file]) => file)
  return [text, ...imported.map((file) => source(join(dirname(path), file)))].join('\n')
}

describe('the list of mutants', () => {
  it('can be made of the code as it is: each text occurs exactly once', () => {
    const faults = mutants.map((mutant) => mutantFault(mutant, source(mutant.file)))
    expect(faults.filter((fault) => fault !== undefined)).toEqual([])
  })

  it('names tests that there are', () => {
    for (const { name, tests } of mutants) {
      expect(tests, name).not.toEqual([])
      for (const { file, only } of tests) {
        expect(existsSync(join(checkout, file)), `${name}: ${file}`).toBe(true)
        if (only !== undefined) expect(sourceOfTests(file), `${name}: ${file}`).toContain(only)
      }
    }
  })

  it('has at least 50, each with a name of its own', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(50)
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
  })
})

describe('npm run soak -- mutations, in short', () => {
  const rounding = 'Math.ceil(bytes / step) * step'
  const common = { file: 'src/format/pack/padme.ts', class: 'bounds', text: rounding } as const
  const tests = [{ file: 'test/unit/format/pack/padme.test.ts' }]
  const made: readonly Mutant[] = [
    { ...common, name: 'wrong', replacement: 'Math.floor(bytes / step) * step', tests },
    { ...common, name: 'other words', replacement: 'step * Math.ceil(bytes / step)', tests },
    { ...common, name: 'no program', replacement: 'Math.ceil(bytes / step) *', tests },
    { ...common, name: 'rotten', text: 'is nowhere in it', replacement: '', tests },
  ]

  it('tells who is caught from who survives, and from what is no program', async () => {
    const violations: string[] = []
    const tally = await runMutants(made, {
      checkout,
      folder: join(scratchFolder(fastFolder), 'copy'),
      isOver: () => false,
      onMutant: () => undefined,
      onViolation: (message) => violations.push(message),
    })
    expect(tally).toMatchObject({ done: 4, caught: 1, survived: 1 })
    expect(violations.map((text) => text.split('(')[0].trim())).toEqual([
      'bounds, other words',
      'bounds, no program',
      'bounds, rotten',
    ])
  })
})
