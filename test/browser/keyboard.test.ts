import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'

import { listRows } from './support/list-rows.ts'
import { stage } from './support/stage.ts'
import { visit } from './support/visitor.ts'

const set = stage({ days: 3 })

/** Presses Tab until the element that is named has the focus. */
async function tabTo(page: Page, wanted: RegExp): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    if (presses > 0) await page.keyboard.press('Tab')
    const name = await page.evaluate<string>(
      `(() => { const it = document.activeElement; return (it?.getAttribute('aria-label') ?? it?.labels?.[0]?.textContent ?? it?.textContent ?? '').trim() })()`,
    )
    if (wanted.test(name)) return
  }
  throw new Error(`Tab never came to ${wanted}`)
}

describe('with the keyboard alone', () => {
  it('somebody signs in, finds a file, looks into it, and starts a backup', async () => {
    const { page } = await visit(set.served, { token: null })
    await page.goto(`${set.served.url}/`)
    await page.getByLabel('Token').waitFor()
    await page.keyboard.type(set.served.token)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()

    await page.keyboard.press('/')
    await page.keyboard.type('manifest.json')
    await page.keyboard.press('Enter')
    await listRows(page.getByRole('grid', { name: 'Results' }))
      .first()
      .waitFor()
    await tabTo(page, /^Results$/)
    await page.keyboard.press('Enter')
    await page.getByRole('grid', { name: 'Versions, newest first' }).waitFor()
    await tabTo(page, /^Versions/)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'manifest.json' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })

    await page.keyboard.press('g')
    await page.keyboard.press('o')
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    await tabTo(page, /^Back up now$/)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Back up now' }).waitFor()
    await tabTo(page, /^Start$/)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Job' }).waitFor()
    await page.locator('[data-job-state=done]').first().waitFor({ timeout: 60_000 })
  })

  it('a list is walked, rows are selected, and two snapshots are compared', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    const list = page.getByRole('grid')
    await listRows(list).first().waitFor()
    await tabTo(page, /^Snapshots and failed runs$/)
    await page.keyboard.press(' ')
    await page.keyboard.press('Shift+ArrowDown')
    await page.getByText('2 selected').waitFor()
    const active = (): Promise<string | null> => list.getAttribute('aria-activedescendant')
    const second = await active()
    await page.keyboard.press('End')
    expect(await active()).not.toBe(second)
    await page.keyboard.press('Home')
    expect(await active()).toMatch(/-0$/)
    await tabTo(page, /^Compare$/)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Compare' }).waitFor()
  })

  it('help is shown, and dialogs give the focus back', async () => {
    const { page, go } = await visit(set.served)
    await go('#/jobs')
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await tabTo(page, /^Clean up$/)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    // What is typed goes to the field that asks for it at once.
    await page.keyboard.type('yes')
    expect(await page.getByLabel(/Type yes/).inputValue()).toBe('yes')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Clean up')
  })

  it('the first stop of Tab leads past the menu', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    await page.reload()
    await page.getByRole('grid').waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('main')
    expect(page.url()).toContain('#/snapshots')
  })

  it('the focus is seen wherever it goes', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    await listRows(page.getByRole('grid')).first().waitFor()
    for (let presses = 0; presses < 25; presses++) {
      await page.keyboard.press('Tab')
      const isSeen = await page.evaluate(`(() => {
        const it = document.activeElement
        if (it === document.body) return true
        const shown = (each) => getComputedStyle(each).outlineStyle !== 'none'
        return shown(it) || (it.closest('.list') !== null && shown(it.closest('.list')))
      })()`)
      expect(isSeen, String(await page.evaluate('document.activeElement.outerHTML'))).toBe(true)
    }
  })
})
