import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'

import { compareSnapshots } from './support/compare-snapshots.ts'
import { listRows } from './support/list-rows.ts'
import { stage } from './support/stage.ts'
import { visit } from './support/visitor.ts'

const hourMs = 3_600_000

const set = stage({
  days: 4,
  prepare(project) {
    // A run that makes nothing: every configured path is away.
    project.run(['create', '--type', 'index', '--config', writeBrokenConfig(project)], {
      ageMs: 2 * hourMs,
      statuses: [0, 1, 2, 3, 10],
    })
    project.run(['verify', 'latest'])
  },
})

function writeBrokenConfig(project: {
  at(...parts: string[]): string
  write(path: string, content: string): void
}): string {
  project.write(
    'broken.yml',
    'repository: ./repo\napi:\n  backup:\n    paths: { index: "no-such-folder/" }\n',
  )
  return project.at('broken.yml')
}

async function openNewest(page: Page): Promise<void> {
  await page
    .getByRole('grid')
    .locator('[role=row]', { hasText: /incremental|full/ })
    .first()
    .locator('a')
    .click()
  await page.getByRole('link', { name: 'Browse files' }).waitFor()
}

/** Opens folders of the file browser one in the other. */
async function openFolders(page: Page, ...names: string[]): Promise<void> {
  for (const name of names) {
    await page
      .getByRole('grid')
      .getByRole('row', { name: `directory ${name}` })
      .locator('.entry')
      .click()
    await page
      .getByRole('navigation', { name: 'Folder' })
      .getByText(name, { exact: true })
      .waitFor()
  }
}

async function browseToIndex(page: Page): Promise<void> {
  await openNewest(page)
  await page.getByRole('link', { name: 'Browse files' }).click()
  await page.getByRole('grid', { name: 'Files of this folder' }).waitFor()
  const parts = set.project
    .at('data/index')
    .split('/')
    .filter((part) => part !== '')
  const first = await listRows(page.getByRole('grid')).first().textContent()
  // Snapshots of a project may begin at its folder or at the root.
  const isRooted = first?.includes(parts[0] ?? '') === true
  await openFolders(page, ...(isRooted ? parts : ['data', 'index']))
}

describe('the overview', () => {
  it('says in one sentence how things are, and shows what it rests on', async () => {
    const { page, go } = await visit(set.served)
    await go('#/overview')
    const verdict = page.getByRole('region', { name: 'Verdict' })
    expect(await verdict.textContent()).toMatch(/\w+ \w+/)
    expect(
      await page
        .getByRole('list', { name: 'Runs of the last 30 days' })
        .getByRole('listitem')
        .count(),
    ).toBe(30)
    await page
      .getByRole('region', { name: 'Freshness' })
      .getByRole('row', { name: /incremental/ })
      .waitFor()
    await page.getByRole('region', { name: 'Storage' }).getByRole('img').waitFor()
    await page.getByRole('button', { name: 'Saved' }).click()
    await page.getByRole('img', { name: /Each stored byte/ }).waitFor()
    await page.getByRole('button', { name: 'History' }).click()
    await page.getByRole('dialog', { name: 'Alert history' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })
})

describe('snapshots', () => {
  it('are listed with sizes, filtered, and found again by the address', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    const rows = listRows(page.getByRole('grid'))
    await rows.first().waitFor()
    const all = await rows.count()
    expect(all).toBeGreaterThanOrEqual(4)
    await page.getByLabel('Type').selectOption('full')
    await expect.poll(() => rows.count()).toBeLessThan(all)
    expect(await rows.first().textContent()).toContain('full')
    await page.reload()
    await rows.first().waitFor()
    expect(await page.getByLabel('Type').inputValue()).toBe('full')
    await page.getByLabel('Type').selectOption('')
    await page.getByLabel('Filter by text').fill('no such text anywhere')
    await page.getByText('No snapshot matches').waitFor()
  })

  it('that failed say why', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots?status=failed')
    const row = page.getByRole('grid').getByRole('row', { name: 'failed run' })
    await row.waitFor()
    expect(await row.textContent()).toMatch(/no-such-folder|exist|path/i)
  })

  it('have a page of their own, with everything about them', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    await openNewest(page)
    for (const fact of ['Type', 'Began', 'Host', 'Files', 'In no other snapshot']) {
      await page.getByText(fact, { exact: true }).waitFor()
    }
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'Snapshots' }).waitFor()
  })
})

describe('files', () => {
  it('are walked by rows and by the path, and the browser goes back', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    await browseToIndex(page)
    await page.getByRole('row', { name: /manifest\.json/ }).waitFor()
    await page.getByText('entries').waitFor()
    await page
      .getByRole('navigation', { name: 'Folder' })
      .getByText('data', { exact: true })
      .click()
    await page.getByRole('row', { name: 'directory index' }).waitFor()
    await page.goBack()
    await page.getByRole('row', { name: /manifest\.json/ }).waitFor()
  })

  it('are looked into: text as text, pictures as pictures, pages and drawings as the text that they are', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    await browseToIndex(page)
    const look = async (name: string): Promise<void> => {
      await page
        .getByRole('row', { name: new RegExp(name) })
        .locator('.entry')
        .click()
    }
    await look('manifest.json')
    expect(await page.getByLabel('Content').textContent()).toContain('"version"')
    await page.keyboard.press('Escape')
    await look('cover.png')
    const picture = page.getByRole('img', { name: 'Preview of cover.png' })
    await picture.waitFor()
    const width = await page.evaluate(
      "(async () => { const it = document.querySelector('.preview-image'); await it.decode(); return it.naturalWidth })()",
    )
    expect(width).toBe(1)
    await page.keyboard.press('Escape')
    await look('page.html')
    expect(await page.getByLabel('Content').textContent()).toContain('<script>')
    await page.keyboard.press('Escape')
    await look('drawing.svg')
    expect(await page.getByLabel('Content').textContent()).toContain('<svg')
    await page.keyboard.press('Escape')
    await look('segment-0001.bin')
    await page.getByText('Neither text nor a picture').waitFor()
  })

  it('are found by name, in one snapshot and in all, and their history is shown', async () => {
    const { page, go } = await visit(set.served)
    await go('#/overview')
    await page.getByRole('searchbox', { name: 'Search all snapshots' }).fill('manifest')
    const found = page
      .getByRole('grid', { name: 'Results' })
      .getByRole('row', { name: /manifest\.json/ })
    await found.first().waitFor()
    await found.first().locator('.entry').click()
    await page.getByRole('heading', { level: 1, name: 'History' }).waitFor()
    const versions = listRows(page.getByRole('grid', { name: 'Versions, newest first' }))
    await versions.first().waitFor()
    expect(await versions.count()).toBe(4)
    await versions.nth(1).click()
    expect(await page.getByLabel('Content').textContent()).toContain('"day": 2')
  })

  it('are searched in one snapshot from its own field', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    await browseToIndex(page)
    await page.getByRole('searchbox', { name: 'Search this snapshot' }).fill('query-03*')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Search' }).waitFor()
    await listRows(page.getByRole('grid', { name: 'Results' }))
      .first()
      .waitFor()
    expect(await listRows(page.getByRole('grid', { name: 'Results' })).count()).toBe(10)
    await page.getByRole('link', { name: 'Search all snapshots' }).waitFor()
  })
})

describe('two snapshots', () => {
  it('are compared: what changed, with a summary', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    await compareSnapshots(page, 0, 1)
    await page.getByRole('heading', { level: 1, name: 'Compare' }).waitFor()
    const changes = page.getByRole('grid', { name: 'Changes' })
    await changes.getByRole('row', { name: /modified.*manifest\.json/ }).waitFor()
    await changes.getByRole('row', { name: /added.*day-01\.json/ }).waitFor()
    expect(await page.locator('.summary').textContent()).toMatch(/1 added/)
    await page.getByRole('button', { name: 'Swap' }).click()
    await changes.getByRole('row', { name: /removed.*day-01\.json/ }).waitFor()
  })
})

describe('the other pages', () => {
  it('show what a cleanup would do', async () => {
    const { page, go } = await visit(set.served)
    await go('#/retention')
    await page.getByRole('grid').getByRole('row', { name: /keep/ }).first().waitFor()
    expect(await page.getByText('Freed').count()).toBe(1)
  })

  it('show the schedule and its settings, without secrets', async () => {
    const { page, go } = await visit(set.served)
    await go('#/schedule')
    await page.getByRole('row', { name: /full_backup_days 7/ }).waitFor()
    expect(await page.locator('main').textContent()).not.toContain(set.served.token)
  })

  it('show who did what', async () => {
    const { page, go } = await visit(set.served)
    await go('#/access')
    await page.getByRole('heading', { level: 1, name: 'Access log' }).waitFor()
    await page.getByRole('link', { name: 'Restores' }).click()
    await page.getByRole('heading', { level: 1, name: 'Access log' }).waitFor()
  })

  it('show the report in a frame', async () => {
    const { page, go } = await visit(set.served)
    await go('#/report')
    const body = page.frameLocator('iframe[title=Report]').locator('body')
    await body.waitFor()
    expect((await body.textContent())?.length).toBeGreaterThan(100)
  })

  it('say so when there is no such page', async () => {
    const { page, go } = await visit(set.served)
    await go('#/nowhere')
    await page.getByRole('link', { name: 'Go to the overview' }).click()
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  })
})
