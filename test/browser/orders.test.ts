import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'

import { compareSnapshots } from './support/compare-snapshots.ts'
import { listRows } from './support/list-rows.ts'
import { stage } from './support/stage.ts'
import { visit } from './support/visitor.ts'

const set = stage({
  days: 4,
  fill(project) {
    project.write('data/index/sizes/largest', Buffer.alloc(3000))
    project.write('data/index/sizes/a-small', Buffer.alloc(10))
    project.write('data/index/sizes/middle', Buffer.alloc(200))
    project.write('data/index/sizes/inner/file', Buffer.alloc(1000))
  },
})

async function openSizes(page: Page, go: (address: string) => Promise<void>): Promise<void> {
  await go('#/search?q=sizes&kind=directory')
  await page.getByRole('grid', { name: 'Results' }).getByRole('link', { name: 'Open' }).click()
  await page.getByRole('row', { name: /a-small/ }).waitFor()
}

function namesIn(page: Page): Promise<string[]> {
  return page.getByRole('grid').locator('.entry .name').allTextContents()
}

function timesIn(page: Page): Promise<string[]> {
  return page.getByRole('grid').locator('time').allTextContents()
}

function heading(page: Page, name: string): Locator {
  return page.getByRole('grid').getByRole('columnheader', { name })
}

describe('the order of a list', () => {
  it('of snapshots is chosen with the keyboard, is told, keeps the focus, and outlives a reload', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    await listRows(page.getByRole('grid')).first().waitFor()
    expect(await heading(page, 'Made').getAttribute('aria-sort')).toBe('descending')
    expect(await heading(page, 'Size').getAttribute('aria-sort')).toBe('none')
    expect(await heading(page, 'State').getAttribute('aria-sort')).toBeNull()
    await page.getByRole('grid').focus()
    const focused = (): Promise<string> => page.evaluate('document.activeElement.textContent')
    for (const name of ['Made', 'Type', 'Size', 'Exclusive']) {
      await page.keyboard.press('Tab')
      expect(await focused()).toBe(name)
    }
    // The newest holds what it added, and the oldest what the next one replaced.
    await page.keyboard.press('Enter')
    await expect
      .poll(async () => (await timesIn(page)).slice(0, 2))
      .toEqual(['23 h ago', '4 d ago'])
    expect(await heading(page, 'Exclusive').getAttribute('aria-sort')).toBe('descending')
    expect(await focused()).toBe('Exclusive')
    await page.keyboard.press('Enter')
    await expect.poll(async () => (await timesIn(page)).slice(2)).toEqual(['4 d ago', '23 h ago'])
    expect(await heading(page, 'Exclusive').getAttribute('aria-sort')).toBe('ascending')
    expect(await focused()).toBe('Exclusive')
    await heading(page, 'Size').getByRole('button').click()
    await heading(page, 'Size').getByRole('button').click()
    const bySize = ['4 d ago', '3 d ago', '47 h ago', '23 h ago']
    await expect.poll(() => timesIn(page)).toEqual(bySize)
    await page.reload()
    await expect.poll(() => timesIn(page)).toEqual(bySize)
    expect(await heading(page, 'Size').getAttribute('aria-sort')).toBe('ascending')
    await heading(page, 'Type').getByRole('button').click()
    await listRows(page.getByRole('grid')).first().getByText('full').waitFor()
  })

  it('of files goes along into other folders, and what is marked stays marked', async () => {
    const { page, go } = await visit(set.served)
    await openSizes(page, go)
    expect(await namesIn(page)).toEqual(['a-small', 'inner', 'largest', 'middle'])
    await page
      .getByRole('row', { name: /middle/ })
      .getByRole('checkbox')
      .check()
    await heading(page, 'Size').getByRole('button').click()
    await expect.poll(() => namesIn(page)).toEqual(['largest', 'inner', 'middle', 'a-small'])
    expect(await page.getByRole('row', { name: /middle/ }).getAttribute('aria-selected')).toBe(
      'true',
    )
    await heading(page, 'Name').getByRole('button').click()
    await heading(page, 'Name').getByRole('button').click()
    await expect.poll(() => namesIn(page)).toEqual(['middle', 'largest', 'inner', 'a-small'])
    await page.getByRole('row', { name: 'directory inner' }).locator('.entry').click()
    await page.getByRole('row', { name: 'file file' }).waitFor()
    expect(await heading(page, 'Name').getAttribute('aria-sort')).toBe('descending')
    await page.getByRole('navigation', { name: 'Folder' }).getByText('sizes').click()
    await expect.poll(() => namesIn(page)).toEqual(['middle', 'largest', 'inner', 'a-small'])
  })

  it('is chosen from a list where a narrow window leaves its heading out', async () => {
    const { page, go } = await visit(set.served, { width: 400, height: 800 })
    await openSizes(page, go)
    await page.getByLabel('Order').selectOption('Largest first')
    await expect.poll(() => namesIn(page)).toEqual(['largest', 'inner', 'middle', 'a-small'])
    await go('#/snapshots')
    await page.getByLabel('Order').selectOption('Most exclusive first')
    await expect.poll(async () => (await timesIn(page))[1]).toBe('4 d ago')
    await page.setViewportSize({ width: 1280, height: 800 })
    expect(await page.getByLabel('Order').isVisible()).toBe(false)
  })

  it('that an address asks for and no list has is that of every day', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots?sort=%3Cimg%3E&order=desc')
    await listRows(page.getByRole('grid')).first().waitFor()
    expect(await heading(page, 'Made').getAttribute('aria-sort')).toBe('descending')
  })
})

describe('a comparison', () => {
  it('shows the kinds of change that are chosen, and paths with a text in them', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    await compareSnapshots(page, 0, 2)
    const rows = listRows(page.getByRole('grid', { name: 'Changes' }))
    await rows.first().waitFor()
    const all = await rows.count()
    const added = page.getByRole('button', { name: '2 added' })
    await added.focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => rows.count()).toBe(2)
    expect(await added.getAttribute('aria-pressed')).toBe('true')
    expect(await page.getByRole('button', { name: /modified/ }).getAttribute('aria-pressed')).toBe(
      'false',
    )
    expect(await page.getByRole('button', { name: '0 removed' }).isDisabled()).toBe(true)
    await page.getByRole('button', { name: /modified/ }).click()
    await expect.poll(() => rows.count()).toBeGreaterThan(2)
    await page.getByRole('searchbox', { name: 'Filter by path' }).fill('DAY-0')
    await expect.poll(() => rows.count()).toBe(2)
    await page.reload()
    await expect.poll(() => rows.count()).toBe(2)
    expect(await added.getAttribute('aria-pressed')).toBe('true')
    await page.getByRole('searchbox', { name: 'Filter by path' }).fill('no such path')
    await page.getByText('No change matches').waitFor()
    await page.getByRole('searchbox', { name: 'Filter by path' }).fill('')
    await added.click()
    await page.getByRole('button', { name: /modified/ }).click()
    await expect.poll(() => rows.count()).toBe(all)
  })
})
