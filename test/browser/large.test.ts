import { execFileSync } from 'node:child_process'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'

import { childScript } from '../support/built-engine.ts'
import { compareSnapshots } from './support/compare-snapshots.ts'
import { listRows } from './support/list-rows.ts'
import { stage } from './support/stage.ts'
import { visit } from './support/visitor.ts'

const snapshotCount = 1000
const fileCount = 1_000_000
/** What the busiest page needs with a few dozen rows; a list that draws all of its rows is far beyond it. */
const nodesMax = 2500

const set = stage({
  days: 0,
  prepare(project) {
    execFileSync(process.execPath, [
      childScript('make-large'),
      project.repository,
      String(snapshotCount),
      String(fileCount),
    ])
  },
})

function nameOf(file: number): string {
  return `file-${String(file).padStart(7, '0')}.json`
}

async function nodeCount(page: Page): Promise<number> {
  return page.evaluate<number>('document.querySelectorAll("*").length')
}

describe('a thousand snapshots', () => {
  it('are scrolled through with few nodes in the page, to the very last', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    const list = page.getByRole('grid')
    await listRows(list).first().waitFor()
    await list.focus()
    for (let step = 0; step < 200; step++) {
      if ((await list.getAttribute('aria-rowcount')) === String(snapshotCount + 1)) break
      await page.keyboard.press('End')
      await page.waitForTimeout(50)
    }
    await page.keyboard.press('End')
    await page.getByRole('row', { name: /round 0$/ }).waitFor()
    expect(await nodeCount(page)).toBeLessThan(nodesMax)
    await page.keyboard.press('Home')
    await page.locator('[aria-rowindex="2"]').waitFor()
  })

  it('can all be chosen from to be compared', async () => {
    const { page, go } = await visit(set.served)
    await go('#/diff')
    // The page's policy keeps the browser from waiting for a script of ours.
    const options = page.getByLabel('From').locator('option')
    await expect.poll(() => options.count(), { timeout: 30_000 }).toBeGreaterThan(500)
  })
})

describe('a folder of a million files', () => {
  it('is scrolled through: by the wheel, to the middle, to the end and back', async () => {
    const { page, go } = await visit(set.served)
    await go('#/search?q=million&kind=directory')
    await page.getByRole('link', { name: 'Open' }).first().click()
    const list = page.getByRole('grid', { name: 'Files of this folder' })
    await page.getByRole('row', { name: nameOf(0) }).waitFor()
    await page.getByText('1,000,000 entries').waitFor()

    await list.hover()
    for (let turn = 0; turn < 30; turn++) await page.mouse.wheel(0, 400)
    await page.getByRole('row', { name: nameOf(315) }).waitFor()
    expect(await nodeCount(page)).toBeLessThan(nodesMax)

    // As the bar is dragged.
    await page.evaluate(
      "(() => { const view = document.querySelector('.list-view'); view.scrollTop = view.scrollHeight / 2 })()",
    )
    await page
      .getByRole('row', { name: /file-0(?:49|50)\d{4}/ })
      .first()
      .waitFor()
    expect(await nodeCount(page)).toBeLessThan(nodesMax)

    await list.focus()
    await page.keyboard.press('End')
    await page.getByRole('row', { name: nameOf(fileCount - 1) }).waitFor()
    await page.keyboard.press('Home')
    await page.getByRole('row', { name: nameOf(0) }).waitFor()
    expect(await nodeCount(page)).toBeLessThan(nodesMax)
  })

  it('is put in other orders, of which the first and the last row are looked at', async () => {
    const { page, go } = await visit(set.served)
    await go('#/search?q=million&kind=directory')
    await page.getByRole('link', { name: 'Open' }).first().click()
    const list = page.getByRole('grid', { name: 'Files of this folder' })
    await page.getByRole('row', { name: nameOf(0) }).waitFor()
    await list.getByRole('button', { name: 'Name' }).click()
    await page.getByRole('row', { name: nameOf(fileCount - 1) }).waitFor()
    await list.getByRole('button', { name: 'Size' }).click()
    // All of the same size: the order of names stays.
    await page.getByRole('row', { name: nameOf(0) }).waitFor()
    await list.focus()
    await page.keyboard.press('End')
    await page.getByRole('row', { name: nameOf(fileCount - 1) }).waitFor()
    expect(await nodeCount(page)).toBeLessThan(nodesMax)
  })

  it('is read on where the connection was lost, and says so until then', async () => {
    const { page, go } = await visit(set.served, { allows: /ERR_INTERNET_DISCONNECTED/ })
    await go('#/search?q=million&kind=directory')
    await page.getByRole('link', { name: 'Open' }).first().click()
    const list = page.getByRole('grid', { name: 'Files of this folder' })
    await page.getByRole('row', { name: nameOf(0) }).waitFor()
    await page.context().setOffline(true)
    await list.focus()
    await page.keyboard.press('End')
    await page.locator('main').getByText('The server does not answer').last().waitFor()
    await page.getByRole('row', { name: 'Loading…' }).first().waitFor()
    await page.context().setOffline(false)
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('row', { name: nameOf(fileCount - 1) }).waitFor()
    await page.getByRole('button', { name: 'Try again' }).waitFor({ state: 'detached' })
  })

  it('is compared with a snapshot that has none of them', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    await compareSnapshots(page, 0, 1)
    await page.getByRole('button', { name: '1,000,000 added' }).waitFor()
    await page.getByText('only the first 200,000 by path are listed').waitFor()
    await page.getByRole('searchbox', { name: 'Filter by path' }).fill('file-0177777')
    const rows = listRows(page.getByRole('grid', { name: 'Changes' }))
    await expect.poll(() => rows.count()).toBe(1)
    expect(await nodeCount(page)).toBeLessThan(nodesMax)
  })

  it('is searched as it is typed', async () => {
    const { page, go } = await visit(set.served)
    await go('#/overview')
    await page.getByRole('searchbox', { name: 'Search all snapshots' }).fill('file-0777777')
    await page
      .getByRole('grid', { name: 'Results' })
      .getByRole('row', { name: /file-0777777/ })
      .waitFor()
  })
})
