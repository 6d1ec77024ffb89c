import { expect, it } from 'vitest'

import { stage } from './support/stage.ts'
import { visit } from './support/visitor.ts'

const set = stage({ days: 3 })

/** The limit of the documented system is 1 s on a machine of its own; this one is shared. */
const verdictMsMax = process.env['CI'] === undefined ? 2000 : 10_000

it('the first load sends less than 300 KB, and the verdict is there within a second', async () => {
  const { page } = await visit(set.served)
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Network.enable')
  await devtools.send('Network.setCacheDisabled', { cacheDisabled: true })
  let bytes = 0
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength
  })
  const times: number[] = []
  for (let round = 0; round < 5; round++) {
    bytes = 0
    await page.goto('about:blank')
    const startedAtMs = performance.now()
    await page.goto(`${set.served.url}/#/overview`, { waitUntil: 'commit' })
    await page.getByRole('region', { name: 'Verdict' }).waitFor()
    times.push(performance.now() - startedAtMs)
    await page.waitForLoadState('load')
  }
  const median = times.toSorted((a, b) => a - b)[2] ?? Infinity
  process.stderr.write(
    `First load: ${bytes} bytes, verdict after ${Math.round(median)} ms (median of 5)\n`,
  )
  expect(bytes).toBeGreaterThan(10_000)
  expect(bytes).toBeLessThan(300_000)
  // What the aim is; a library that is taken in by mistake shows here.
  expect(bytes).toBeLessThan(80_000)
  expect(median).toBeLessThan(verdictMsMax)
})
