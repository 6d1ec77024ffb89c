/*
 * `npm run screenshots`: the pictures of the documents, of a real server with a month of backups, into docs/images/.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'

import { launchBrowser } from './support/chromium.ts'
import { compareSnapshots } from './support/compare-snapshots.ts'
import { checkout, fillProject, makeHistory, newProject, noise } from './support/project.ts'
import { serve, type Served } from './support/served.ts'

interface Picture {
  readonly name: string
  readonly address: string
  readonly colorScheme?: 'light' | 'dark'
  readonly width?: number
  readonly height?: number
  /** Brings the page into the state that is shown. */
  act?(page: Page): Promise<void>
}

async function openIndexFolder(page: Page): Promise<void> {
  await page.getByRole('grid').getByRole('link', { name: 'Open' }).first().click()
  await page.getByRole('row', { name: /manifest\.json/ }).waitFor()
}

const pictures: readonly Picture[] = [
  { name: 'overview-light', address: '#/overview', height: 1240 },
  { name: 'overview-dark', address: '#/overview', colorScheme: 'dark', height: 1240 },
  { name: 'overview-mobile', address: '#/overview', width: 400, height: 860 },
  { name: 'snapshots-dark', address: '#/snapshots', colorScheme: 'dark' },
  { name: 'files-light', address: '#/search?q=manifest.json', act: openIndexFolder },
  {
    name: 'files-mobile',
    address: '#/search?q=manifest.json',
    width: 400,
    height: 860,
    act: openIndexFolder,
  },
  {
    name: 'restore-light',
    address: '#/search?q=manifest.json',
    async act(page) {
      await openIndexFolder(page)
      await page
        .getByRole('row', { name: /segment-0003/ })
        .getByRole('checkbox')
        .check()
      await page
        .getByRole('row', { name: /segment-0004/ })
        .getByRole('checkbox')
        .check()
      await page.getByRole('button', { name: 'Restore' }).click()
      await page.getByRole('button', { name: 'Dry run' }).click()
      await page.getByText('This is what would happen').waitFor()
    },
  },
  {
    name: 'compare-light',
    address: '#/snapshots',
    async act(page) {
      await compareSnapshots(page, 0, 4)
      await page.getByRole('grid', { name: 'Changes' }).waitFor()
    },
  },
  { name: 'retention-light', address: '#/retention' },
  {
    name: 'jobs-light',
    address: '#/jobs',
    async act(page) {
      await page.getByRole('button', { name: 'Verify all' }).click()
      await page.locator('[data-job-state=done]').first().waitFor()
    },
  },
]

async function take(browser: Browser, served: Served, picture: Picture): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: picture.width ?? 1280, height: picture.height ?? 860 },
    colorScheme: picture.colorScheme ?? 'light',
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
  })
  const page = await context.newPage()
  await page.goto(`${served.url}/${picture.address}`)
  await page.getByLabel('Token').fill(served.token)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('.shell').waitFor()
  await page.locator('.state .spinner').waitFor({ state: 'detached' })
  await picture.act?.(page)
  await page.waitForTimeout(400)
  const path = join(checkout, 'docs/images', `${picture.name}.png`)
  await page.screenshot({ path })
  await context.close()
  // A third of the size, where it is installed.
  spawnSync('pngquant', [
    '--force',
    '--skip-if-larger',
    '--ext',
    '.png',
    '--quality',
    '70-95',
    path,
  ])
}

mkdirSync(join(checkout, 'docs/images'), { recursive: true })
const project = newProject()
let served: Served | undefined
const browser = await launchBrowser()
try {
  fillProject(project)
  project.write('data/index/vectors.bin', noise(24 * 1024 * 1024, 4711))
  makeHistory(project, 30)
  project.run(['verify', '--all'])
  served = await serve(project)
  for (const picture of pictures) await take(browser, served, picture)
} finally {
  await browser.close()
  await served?.stop()
  project.remove()
}
