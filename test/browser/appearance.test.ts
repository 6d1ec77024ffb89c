import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'

import { listRows } from './support/list-rows.ts'
import { stage } from './support/stage.ts'
import { visit } from './support/visitor.ts'

const set = stage({ days: 3 })

const pages = [
  '#/overview',
  '#/snapshots',
  '#/snapshots/forgotten',
  '#/search?q=json',
  '#/diff',
  '#/jobs',
  '#/retention',
  '#/schedule',
  '#/access',
  '#/report',
]

const lists = ['#/snapshots', '#/search?q=json', '#/history?path=/config.yml', '#/retention']

async function settled(page: Page): Promise<void> {
  await page.locator('.state .spinner').waitFor({ state: 'detached' })
}

/** The page's darkness, from the colour behind it. */
async function brightness(page: Page): Promise<number> {
  const colour = await page.evaluate<string>(
    'getComputedStyle(document.documentElement).backgroundColor',
  )
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number)
  return (red + green + blue) / 3
}

describe('at 400 pixels', () => {
  it('every page fits without being moved sideways', async () => {
    const { page, go } = await visit(set.served, { width: 400, height: 800 })
    for (const address of pages) {
      await go(address)
      await settled(page)
      const [wide, seen] = await page.evaluate<[number, number]>(
        '[Math.max(document.documentElement.scrollWidth, document.querySelector("main").scrollWidth), innerWidth]',
      )
      expect(wide, address).toBeLessThanOrEqual(seen)
    }
  })

  it('the menu is opened and closed, and a list is used', async () => {
    const { page, go } = await visit(set.served, { width: 400, height: 800 })
    await go('#/overview')
    expect(await page.getByRole('link', { name: 'Retention' }).isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('link', { name: 'Snapshots', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Snapshots' }).waitFor()
    expect(await page.getByRole('link', { name: 'Retention' }).isVisible()).toBe(false)
    await page.getByRole('grid').locator('[role=row] a').first().click()
    await page.getByRole('link', { name: 'Browse files' }).waitFor()
  })
})

/** Cells that are shown and reach beyond their list, and names that have no room to be read. */
const cutCells = `(() => {
  const grid = document.querySelector('[role=grid]')
  const right = grid.getBoundingClientRect().left + grid.clientWidth
  const cells = [...grid.querySelectorAll('[role=gridcell]')].filter((it) => it.checkVisibility())
  const beyond = cells.filter((it) => it.getBoundingClientRect().right > right + 0.5)
  const cramped = cells.filter((it) => it.scrollWidth > it.clientWidth && it.clientWidth < 110)
  return [...new Set([...beyond, ...cramped])].map((it) => it.textContent.trim())
})()`

describe('lists', () => {
  it.each([400, 780, 1024, 1280])('have room for what they show at %i pixels', async (width) => {
    const { page, go } = await visit(set.served, { width, height: 800 })
    for (const address of lists) {
      await go(address)
      await listRows(page.getByRole('grid')).first().waitFor()
      expect(await page.evaluate(cutCells), address).toEqual([])
    }
  })
})

describe('light and dark', () => {
  it('follow the system, and the choice that outlives a reload', async () => {
    const { page } = await visit(set.served, { colorScheme: 'dark' })
    await expect.poll(() => brightness(page)).toBeLessThan(60)
    const button = page.getByRole('button', { name: /^Colours/ })
    await button.click()
    await expect.poll(() => brightness(page)).toBeGreaterThan(200)
    await page.reload()
    await button.waitFor()
    await expect.poll(() => brightness(page)).toBeGreaterThan(200)
    await button.click()
    await expect.poll(() => brightness(page)).toBeLessThan(60)
  })

  it.each(['light', 'dark'] as const)('have text that can be read: %s', async (colorScheme) => {
    const { page, go } = await visit(set.served, { colorScheme })
    for (const address of [...pages, '#/history?path=/config.yml']) {
      await go(address)
      await settled(page)
      expect(await page.evaluate(weakContrast), address).toEqual([])
    }
  })
})

/** Where a list and its rows and cells do not say by themselves what they are. */
const structureFaults = `(() => {
  const grid = document.querySelector('[role=grid]')
  const numbers = (elements, name) => [...elements].map((it) => Number(it.getAttribute(name)))
  const upTo = (count, first) => Array.from({ length: count }, (_, index) => index + first)
  const columns = Number(grid.getAttribute('aria-colcount'))
  const rows = [...grid.querySelectorAll('[role=row]')]
  const [head, ...others] = rows
  const isSame = (left, right) => JSON.stringify(left) === JSON.stringify(right)
  const nameless = [...head.children].filter((it) => it.textContent.trim() === '')
  return [
    ...(head.parentElement === grid ? [] : ['the headings are not in the grid']),
    ...nameless.map((it) => 'no name: ' + it.outerHTML),
    ...rows.flatMap((row, at) => {
      const role = at === 0 ? 'columnheader' : 'gridcell'
      const cells = [...row.children]
      return [
        ...(cells.every((it) => it.getAttribute('role') === role) ? [] : ['roles in row ' + at]),
        ...(isSame(numbers(cells, 'aria-colindex'), upTo(columns, 1)) ? [] : ['columns of row ' + at]),
      ]
    }),
    ...(head.getAttribute('aria-rowindex') === '1' ? [] : ['the headings are not row 1']),
    ...(isSame(numbers(others, 'aria-rowindex'), upTo(others.length, 2)) ? [] : ['numbers of rows']),
    ...(others.every((it) => it.parentElement.getAttribute('role') === 'rowgroup') ? [] : ['rows in no group']),
  ]
})()`

/** Texts with less contrast than WCAG 2 AA asks for (4.5, 3 for large ones). */
const weakContrast = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const read = (colour) => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = colour
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const light = ([r, g, b]) => [r, g, b]
    .map((part) => part / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0)
  const behind = (element) => {
    for (let it = element; it !== null; it = it.parentElement) {
      const colour = read(getComputedStyle(it).backgroundColor)
      if (colour[3] === 255) return colour
    }
    return [255, 255, 255, 255]
  }
  const texts = [...document.querySelectorAll('body *')].filter((element) =>
    element.checkVisibility() && element.closest('.unseen, :disabled, svg') === null &&
    [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== ''))
  return texts.flatMap((element) => {
    const style = getComputedStyle(element)
    const [one, two] = [light(read(style.color)), light(behind(element))].sort((a, b) => b - a)
    const contrast = (one + 0.05) / (two + 0.05)
    const isLarge = parseFloat(style.fontSize) >= 18.6
    return contrast < (isLarge ? 3 : 4.5) ? [element.className + ' ' + element.textContent.trim().slice(0, 40) + ' ' + contrast.toFixed(2)] : []
  })
})()`

describe('for those who hear the page', () => {
  it('everything that can be used has a name, and each page one heading and one main part', async () => {
    const { page, go } = await visit(set.served)
    for (const address of pages) {
      await go(address)
      await settled(page)
      const found = await page.evaluate<Record<string, unknown>>(`(() => {
        const nameOf = (it) => it.getAttribute('aria-label') || it.labels?.[0]?.textContent || it.textContent || it.title || ''
        const controls = [...document.querySelectorAll('a[href], button, input, select, [role=grid], [role=region], section, nav, iframe, progress')]
        return {
          nameless: controls.filter((it) => nameOf(it).trim() === '').map((it) => it.outerHTML.slice(0, 120)),
          headings: document.querySelectorAll('h1').length,
          mains: document.querySelectorAll('main').length,
          doubleIds: [...document.querySelectorAll('[id]')].map((it) => it.id).filter((id, at, all) => all.indexOf(id) !== at),
          lang: document.documentElement.lang,
        }
      })()`)
      expect(found, address).toEqual({
        nameless: [],
        headings: 1,
        mains: 1,
        doubleIds: [],
        lang: 'en',
      })
    }
  })

  it('the tree of a list says rows, cells and what is selected', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    const grid = page.getByRole('grid', { name: 'Snapshots and failed runs' })
    await listRows(grid).first().waitFor()
    const tree = await grid.ariaSnapshot()
    expect(tree).toMatch(/- grid "Snapshots and failed runs"/)
    expect(tree).toMatch(/- row "Select Made Type State Files Size Exclusive Description"/)
    expect(tree).toMatch(/- columnheader "Made"/)
    expect(tree).toMatch(/- gridcell /)
    const rows = Number(await grid.getAttribute('aria-rowcount'))
    expect(rows).toBe((await listRows(grid).count()) + 1)
  })

  it('every list says which row and which column a cell is in, also of those that a narrow window leaves out', async () => {
    const { page, go } = await visit(set.served)
    for (const width of [1280, 400]) {
      await page.setViewportSize({ width, height: 800 })
      for (const address of lists) {
        await go(address)
        await listRows(page.getByRole('grid')).first().waitFor()
        expect(await page.evaluate(structureFaults), `${address} at ${width}`).toEqual([])
      }
    }
  })

  it('nothing moves for those who asked for it, and nothing jumps while the first page comes in', async () => {
    const { page } = await visit(set.served, { reducedMotion: 'reduce' })
    await page.addInitScript(`
      window.shifts = 0
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shifts += entry.value
      }).observe({ type: 'layout-shift', buffered: true })
    `)
    await page.goto(`${set.served.url}/#/overview`)
    await page.reload()
    await page.getByRole('region', { name: 'Verdict' }).waitFor()
    await page.waitForTimeout(500)
    // 0.1 counts as good (Core Web Vitals).
    expect(await page.evaluate('window.shifts')).toBeLessThan(0.1)
    const isStill = await page.evaluate(
      'document.getAnimations().every((animation) => animation.effect.getComputedTiming().duration < 1)',
    )
    expect(isStill).toBe(true)
  })
})
