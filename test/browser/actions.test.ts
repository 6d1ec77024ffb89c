import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'

import { noise } from './support/project.ts'
import { stage } from './support/stage.ts'
import { visit } from './support/visitor.ts'

const set = stage({ days: 3 })

/** Newest first. */
function snapshotIds(): string[] {
  const listed = JSON.parse(set.project.run(['list', '--json'])) as { id?: string | null }[]
  // Runs that failed or were cancelled have none.
  return listed.flatMap(({ id }) => (id ? [id] : [])).reverse()
}

async function jobEnds(page: Page, state = 'done'): Promise<void> {
  await page.locator(`[data-job-state=${state}]`).first().waitFor({ timeout: 60_000 })
}

/** The address of the index folder in the newest snapshot. */
async function openIndex(page: Page, go: (address: string) => Promise<void>): Promise<string> {
  await go('#/search?q=manifest.json')
  await page
    .getByRole('grid', { name: 'Results' })
    .getByRole('link', { name: 'Open' })
    .first()
    .click()
  await page.getByRole('row', { name: /manifest\.json/ }).waitFor()
  return /#\/files\/([0-9a-f]+)/.exec(page.url())?.[1] ?? ''
}

/** Marks the file of this name and asks for its restore, up to the target. */
async function askRestore(page: Page, name: RegExp, target: string): Promise<Locator> {
  await page.getByRole('row', { name }).getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Restore' }).click()
  const dialog = page.getByRole('dialog', { name: 'Restore' })
  await dialog.getByLabel(/Target folder/).fill(target)
  return dialog
}

describe('jobs', () => {
  it('make a backup with a type and a description, and show how it goes', async () => {
    const before = snapshotIds().length
    set.project.write('data/index/large.bin', noise(8 * 1024 * 1024, 77))
    const { page, go } = await visit(set.served)
    await go('#/jobs')
    await page.getByRole('button', { name: 'Back up now' }).click()
    await page.getByRole('radio', { name: /Full/ }).check()
    await page.getByLabel('Description').fill('made by hand')
    await page.getByRole('button', { name: 'Start' }).click()
    await page.getByRole('heading', { level: 1, name: 'Job' }).waitFor()
    await jobEnds(page)
    await page.getByRole('region', { name: 'Result' }).waitFor()
    expect(snapshotIds()).toHaveLength(before + 1)
    await go('#/snapshots')
    await page.getByRole('row', { name: /full.*made by hand/ }).waitFor()
  })

  it.each([['Verify all'], ['Check'], ['Restore drill'], ['Run what is due']])(
    'run: %s',
    async (name) => {
      const { page, go } = await visit(set.served)
      await go('#/jobs')
      await page.getByRole('button', { name, exact: true }).click()
      await page.getByRole('link', { name: 'Show' }).first().click()
      await page.getByRole('heading', { level: 1, name: 'Job' }).waitFor()
      await jobEnds(page)
    },
  )

  it.each([['Clean up'], ['Free space']])(
    'that take something away ask first: %s',
    async (name) => {
      const { page, go } = await visit(set.served)
      await go('#/jobs')
      await page.getByRole('button', { name, exact: true }).click()
      const dialog = page.getByRole('dialog')
      const confirm = dialog.getByRole('button', { name, exact: true })
      expect(await confirm.isDisabled()).toBe(true)
      await dialog.getByLabel(/Type yes/).fill('no')
      expect(await confirm.isDisabled()).toBe(true)
      await dialog.getByLabel(/Type yes/).fill('yes')
      await confirm.click()
      await page.getByRole('link', { name: 'Show' }).first().click()
      await jobEnds(page)
    },
  )

  it('are cancelled', async () => {
    // Much to read, so that there is time to press the button.
    for (let part = 0; part < 40; part++) {
      set.project.write(`data/index/heavy-${part}.bin`, noise(12 * 1024 * 1024, 900 + part))
    }
    const { page, go } = await visit(set.served)
    await go('#/jobs')
    await page.getByRole('button', { name: 'Back up now' }).click()
    await page.getByRole('radio', { name: /Full/ }).check()
    await page.getByRole('button', { name: 'Start' }).click()
    await page.getByRole('progressbar').first().waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await jobEnds(page, 'cancelled')
    for (let part = 0; part < 40; part++)
      execFileSync('rm', [set.project.at(`data/index/heavy-${part}.bin`)])
  })
})

describe('a snapshot', () => {
  it('is verified and exported from its page', async () => {
    const { page, go } = await visit(set.served)
    for (const name of ['Verify', 'Export']) {
      await go(`#/snapshots/${snapshotIds()[0]}`)
      await page.getByRole('button', { name, exact: true }).click()
      const notice = page.locator('.notice', { hasText: `${name} ` }).first()
      await notice.getByRole('link', { name: 'Show' }).click()
      await page
        .locator('main')
        .getByRole('link', { name: new RegExp(`^${name} `) })
        .waitFor()
      await jobEnds(page)
    }
    const archives = execFileSync('ls', [set.project.at('backups')], { encoding: 'utf8' })
    expect(archives).toMatch(/backup_\d+\.tar\.gz/)
  })

  it('is deleted after yes was typed, and brought back', async () => {
    const [id = ''] = snapshotIds()
    // The news that it is gone may come before the answer, and its page looks once more.
    const { page, go } = await visit(set.served, { allows: /status of 404/ })
    await go(`#/snapshots/${id}`)
    await page.getByRole('button', { name: 'Delete' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(/Type yes/).fill('yes')
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('heading', { level: 1, name: 'Snapshots' }).waitFor()
    expect(snapshotIds()).not.toContain(id)
    await page.getByRole('link', { name: 'Forgotten' }).click()
    await page.getByRole('grid').getByRole('checkbox').first().check()
    await page.getByRole('button', { name: 'Undelete' }).click()
    await page.getByText('Nothing was deleted').waitFor()
    expect(snapshotIds()).toContain(id)
    await go('#/access')
    await page
      .getByRole('row', { name: /undelete/ })
      .first()
      .waitFor()
    await page
      .getByRole('row', { name: /delete/ })
      .first()
      .waitFor()
  })
})

describe('files of a snapshot', () => {
  it('are downloaded one by one, byte for byte', async () => {
    const { page, go } = await visit(set.served)
    await openIndex(page, go)
    await page
      .getByRole('row', { name: /segment-0004/ })
      .getByRole('checkbox')
      .check()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('segment-0004.bin')
    const saved = readFileSync(await download.path())
    expect(saved.equals(readFileSync(set.project.at('data/index/segment-0004.bin')))).toBe(true)
  })

  it('are downloaded as an archive of a selection', async () => {
    const { page, go } = await visit(set.served)
    await openIndex(page, go)
    for (const name of ['segment-0004.bin', 'manifest.json']) {
      await page
        .getByRole('row', { name: new RegExp(name) })
        .getByRole('checkbox')
        .check()
    }
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /Download/ }).click(),
    ])
    const names = execFileSync('tar', ['-tzf', await download.path()], { encoding: 'utf8' })
    expect(
      names
        .trim()
        .split('\n')
        .filter((name) => /\.(?:bin|json)$/.test(name))
        .sort(),
    ).toEqual([
      expect.stringMatching(/manifest\.json$/),
      expect.stringMatching(/segment-0004\.bin$/),
    ])
  })

  it('are restored after a dry run, which writes nothing', async () => {
    const target = set.project.at('restored/by-hand')
    const { page, go } = await visit(set.served)
    await openIndex(page, go)
    const dialog = await askRestore(page, /segment-0005/, target)
    const restore = dialog.getByRole('button', { name: 'Restore now' })
    expect(await restore.isDisabled()).toBe(true)
    await dialog.getByRole('button', { name: 'Dry run' }).click()
    await dialog.getByText('This is what would happen').waitFor()
    expect(existsSync(join(target, 'segment-0005.bin'))).toBe(false)
    await restore.click()
    await jobEnds(page)
    const found = execFileSync('find', [target, '-type', 'f'], { encoding: 'utf8' }).trim()
    expect(found).toMatch(/segment-0005\.bin$/)
    expect(statSync(found).size).toBe(64 * 1024)
    await go('#/access/restores')
    await page
      .getByRole('row', { name: /success/ })
      .first()
      .waitFor()
  })

  it('are not restored outside of what the configuration allows, and the reason is shown', async () => {
    const { page, go } = await visit(set.served, { allows: /status of 4\d\d/ })
    await openIndex(page, go)
    const dialog = await askRestore(page, /segment-0005/, '/etc/holdfast-must-not-be-here')
    await dialog.getByRole('button', { name: 'Dry run' }).click()
    await dialog.locator('[role=alert], .job-error').first().waitFor()
    expect(await dialog.getByRole('button', { name: 'Restore now' }).isDisabled()).toBe(true)
  })
})
