import { describe, expect, it } from 'vitest'

import { renderBarChart } from './bar-chart.ts'
import { chartsOf } from './charts.ts'
import { growthTables } from './growth.ts'
import { renderLineChart, roundStep, xTicks } from './line-chart.ts'
import { resultOf, sample } from './report.fixture.ts'

const growth = [1, 2, 3].map((generation) => ({ generation, byteCount: generation * 1e6 }))

describe('renderBarChart()', () => {
  const chart = {
    title: 'a <b> & "c"',
    baseline: 'restic',
    series: ['borg', 'holdfast'],
    groups: [
      { label: 'first', values: [2.5, 0.5] },
      { label: 'second', values: [undefined, 40] },
    ],
  }

  it('escapes texts and describes every figure in words', () => {
    const svg = renderBarChart(chart)
    expect(svg).toContain('<title id="title">a &lt;b> &amp; &quot;c&quot;</title>')
    expect(svg).toContain('first: borg 2.50, holdfast 0.50. second: holdfast 40.00.')
  })

  it('follows the colour scheme of the reader', () => {
    expect(renderBarChart(chart)).toContain('@media (prefers-color-scheme: dark)')
  })

  it('leaves out what was not measured and cuts what is far too long', () => {
    const svg = renderBarChart(chart)
    const bars = [...svg.matchAll(/<rect class="fill-\w+" x="300" y="\d+" width="([\d.]+)"/g)]
    expect(bars).toHaveLength(3)
    expect(svg).toContain('>40.00 →<')
    const [twoAndAHalf, half, cut] = bars.map(([, width]) => Number(width))
    expect(twoAndAHalf / half).toBeCloseTo(5, 1)
    expect(cut / half).toBeCloseTo(6, 1)
  })
})

describe('renderLineChart()', () => {
  it('draws one line for each series from an axis that starts at 0', () => {
    const series = [{ name: 'holdfast', points: [[1, 50] as const, [10, 100] as const] }]
    const svg = renderLineChart({ title: 'growth', xLabel: 'generation', series })
    expect(svg.match(/<polyline/g)).toHaveLength(1)
    expect(svg).toContain('holdfast: 50 at 1, 100 at 10.')
    expect(svg).toMatch(/text-anchor="end">0<\/text>/)
  })
})

describe('roundStep()', () => {
  it.each([
    [0.3, 0.5],
    [1, 1],
    [17, 20],
    [21, 50],
    [60, 100],
  ])('rounds %d up to %d', (wanted, step) => {
    expect(roundStep(wanted)).toBeCloseTo(step)
  })
})

describe('xTicks()', () => {
  it('names the first, the tens and the last', () => {
    expect(xTicks(50)).toEqual([1, 10, 20, 30, 40, 50])
    expect(xTicks(22)).toEqual([1, 10, 22])
    expect(xTicks(6)).toEqual([1, 6])
  })
})

describe('chartsOf()', () => {
  it('draws ratios of each data set, and growth where there was a series, without the floor', () => {
    const samples = ['restic', 'floor', 'holdfast'].flatMap((tool) => [
      sample({ tool, work: 'first backup', wallSeconds: tool === 'restic' ? 4 : 1 }),
      sample({ tool, dataSet: 'generations', work: 'the others', growth }),
    ])
    const charts = chartsOf(resultOf(samples))
    expect(charts.map(({ fileName }) => fileName)).toEqual([
      'source-tree.svg',
      'generations.svg',
      'generations-growth.svg',
    ])
    expect(charts[0].svg).toContain('first backup: floor 0.25, holdfast 0.25.')
    expect(charts[2].svg).not.toContain('floor:')
  })

  it('draws nothing for a single tool', () => {
    expect(chartsOf(resultOf([sample({ tool: 'holdfast', work: 'first backup' })]))).toEqual([])
  })
})

describe('growthTables()', () => {
  it('gives sizes at the first and the last generation', () => {
    const samples = [sample({ tool: 'holdfast', work: 'the others', growth })]
    expect(growthTables(samples, 'source-tree')[0].rows).toEqual([
      ['generation 1', '1.0'],
      ['generation 3', '3.0'],
    ])
  })

  it('is no table without a series', () => {
    expect(growthTables([sample({ tool: 'holdfast', work: 'first' })], 'source-tree')).toEqual([])
  })
})
