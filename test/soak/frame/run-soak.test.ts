import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { scratchFolder } from '../../support/scratch.ts'
import { runSoak } from './run-soak.ts'
import type { Soak } from './soak.ts'

const main = join(import.meta.dirname, 'main.ts')

/** Draws numbers; one of 7 is a violation when `isBad`. */
function drawing(isBad: boolean): Soak {
  return {
    proves: 'the frame works',
    takes: 'no time',
    unit: 'draws',
    countDefault: 20,
    run: async ({ count, random, folder, isOver, progress, violation }) => {
      const drawn: number[] = []
      while (drawn.length < count && !isOver()) {
        drawn.push(Math.floor(random() * 1000))
        progress(drawn.length)
      }
      writeFileSync(join(folder, 'drawn'), drawn.join(' '))
      if (isBad) violation('a bad draw')
      return { done: drawn.length, figures: { drawn: drawn.join(' ') } }
    },
  }
}

describe('runSoak()', () => {
  it('removes its folder after a clean run, and draws the same numbers for the same seed', async () => {
    const parent = scratchFolder()
    const first = await runSoak('draw', drawing(false), { parent })
    const again = await runSoak('draw', drawing(false), { parent, seed: first.seed })
    expect(first).toMatchObject({ done: 20, violations: [], keptFolder: undefined })
    expect(again.figures).toEqual(first.figures)
    expect(readdirSync(parent)).toEqual([])
  })

  it('keeps its folder after a violation, and after an exception, which is one', async () => {
    const parent = scratchFolder()
    const bad = await runSoak('draw', drawing(true), { parent })
    expect(bad.violations).toEqual(['a bad draw'])
    expect(existsSync(join(bad.keptFolder ?? '', 'drawn'))).toBe(true)
    const thrown = await runSoak(
      'draw',
      { ...drawing(false), run: () => Promise.reject(new Error('it broke')) },
      { parent },
    )
    expect(thrown.violations).toEqual([expect.stringContaining('it broke')])
    expect(readdirSync(parent)).toHaveLength(2)
  })

  it('begins nothing new when the time is over', async () => {
    const report = await runSoak('draw', drawing(false), { parent: scratchFolder(), seconds: 0 })
    expect(report.done).toBe(0)
  })
})

describe('npm run soak', () => {
  const run = ['--import', 'tsx', main]

  it('lists every soak with what it proves', () => {
    const listed = execFileSync(process.execPath, run, { encoding: 'utf8' })
    const soaks = readdirSync(join(import.meta.dirname, '..')).flatMap((file) =>
      file.endsWith('.soak.ts') ? [file.slice(0, -'.soak.ts'.length)] : [],
    )
    for (const name of soaks) expect(listed).toMatch(new RegExp(`^${name}: [\\d,]+ `, 'm'))
  })

  it('refuses a soak that there is not', () => {
    const { status, stderr } = spawnSync(process.execPath, [...run, 'nothing'], {
      encoding: 'utf8',
    })
    expect(status).toBe(2)
    expect(stderr).toContain('There is no soak "nothing"')
  })
})
