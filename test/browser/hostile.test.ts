import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import { compareSnapshots } from './support/compare-snapshots.ts'
import type { Project } from './support/project.ts'
import { listRows } from './support/list-rows.ts'
import { stage } from './support/stage.ts'
import { visit, type Visitor } from './support/visitor.ts'

const markup = '<img src=x onerror=pwned()>'
const turned = 'invoice-\u202egpj.exe'
const names = [
  markup,
  '"><script>pwned()<∕script>',
  "'-pwned()-'",
  'javascript:pwned()',
  '{{constructor.constructor("pwned()")()}}',
  turned,
  'two\nlines',
  'zero\u200bwidth',
  'bell\u0007and\u001b[31mred',
  '%2e%2e%2f%00',
  '..\\..\\windows',
  '#hash?query=&and;',
  '-rf',
  ' leading and trailing ',
]
/** Not UTF-8. */
const oddName = Buffer.from([0x6f, 0x64, 0x64, 0xff, 0xfe, 0x2e, 0x74, 0x78, 0x74])

const set = stage({
  days: 1,
  fill(project) {
    const folder = project.at('data/index/hostile')
    mkdirSync(folder, { recursive: true })
    for (const name of names)
      writeFileSync(Buffer.from(`${folder}/${name}`), `content of it ${markup}\n`)
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), oddName]), 'odd content\n')
    mkdirSync(`${folder}/<b>folder`)
    writeFileSync(`${folder}/<b>folder/inside.txt`, 'inside\n')
    execFileSync('ln', ['-s', `javascript:pwned()${markup}`, `${folder}/link`])
  },
  prepare(project: Project) {
    const later = Buffer.from('later-?', 'latin1')
    later[later.length - 1] = 0xff
    writeFileSync(Buffer.concat([Buffer.from(`${project.at('data/index/hostile')}/`), later]), 'x')
    project.run(['create', '--type', 'full', '--description', `${markup}\u202etxt`])
  },
})

async function openHostileFolder({ page, go }: Visitor): Promise<void> {
  await go('#/search?q=hostile&kind=directory')
  const found = page.getByRole('grid', { name: 'Results' })
  await found
    .getByRole('row', { name: /^directory hostile / })
    .getByRole('link', { name: 'Open' })
    .click()
  await page.getByRole('row', { name: /-rf/ }).waitFor()
}

describe('names and contents that would be markup, script, or turned around', () => {
  it('are shown as what they are, in the file browser', async () => {
    const visitor = await visit(set.served)
    await openHostileFolder(visitor)
    const { page } = visitor
    const shown = await page.getByRole('grid').locator('.entry > .name').allTextContents()
    expect(shown).toContain(markup)
    expect(shown).toContain('invoice-\\u202egpj.exe')
    expect(shown).toContain('two\\nlines')
    expect(shown.some((name) => name.includes('\u202e') || name.includes('\n'))).toBe(false)
    expect(await page.locator('.entry img, .entry script').count()).toBe(0)
  })

  it('are opened, looked into, and have a history', async () => {
    const visitor = await visit(set.served)
    const { page } = visitor
    for (const name of [
      markup,
      'javascript:pwned()',
      'invoice-\\u202egpj.exe',
      '#hash?query=&and;',
      'two\\nlines',
    ]) {
      await openHostileFolder(visitor)
      await page.locator('.entry > .name').getByText(name, { exact: true }).click()
      expect(await page.getByLabel('Content').textContent(), name).toContain('content of it <img')
      await page.getByRole('link', { name: 'History' }).click()
      await listRows(page.getByRole('grid', { name: /Versions/ }))
        .first()
        .waitFor()
    }
  })

  it('that are not UTF-8 are opened by their bytes', async () => {
    const visitor = await visit(set.served)
    const { page } = visitor
    await openHostileFolder(visitor)
    await page
      .getByRole('row', { name: /odd.*txt/ })
      .locator('.entry')
      .click()
    expect(await page.getByLabel('Content').textContent()).toBe('odd content\n')
    await page.keyboard.press('Escape')
    await page
      .getByRole('row', { name: /odd.*txt/ })
      .getByRole('checkbox')
      .check()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download' }).click(),
    ])
    expect(execFileSync('cat', [await download.path()], { encoding: 'utf8' })).toBe('odd content\n')
  })

  it('that are not UTF-8 are followed from a comparison to their history', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    await compareSnapshots(page, 0, 1)
    await page
      .getByRole('row', { name: /added later-/ })
      .locator('.entry')
      .click()
    const versions = listRows(page.getByRole('grid', { name: /Versions/ }))
    await versions.first().waitFor()
    expect(await versions.count()).toBe(1)
  })

  it('run nothing on any page that shows them', async () => {
    const { page, go } = await visit(set.served)
    await go('#/snapshots')
    await page.getByRole('row', { name: /<img src=x/ }).waitFor()
    await page.getByRole('grid').locator('[role=row] a').first().click()
    await page.getByRole('link', { name: 'Browse files' }).waitFor()
    expect(await page.locator('main').textContent()).toContain(`${markup}\\u202etxt`)
    await go(`#/search?q=${encodeURIComponent('*img*')}`)
    await page
      .getByRole('row', { name: /<img src=x/ })
      .first()
      .waitFor()
    await go('#/report')
    await page.frameLocator('iframe[title=Report]').locator('body').waitFor()
    // Time for whatever would run.
    await page.waitForTimeout(300)
  })

  it('run nothing when they stand in the address', async () => {
    const { page, go } = await visit(set.served, { allows: /status of 4\d\d/ })
    for (const part of [markup, 'javascript:pwned()', '"><svg onload=pwned()>', '%00', '../../x']) {
      const text = encodeURIComponent(part)
      for (const address of [
        `#/${text}`,
        `#/files/${text}?path=${text}`,
        `#/snapshots/${text}`,
        `#/jobs/${text}`,
        `#/history?path=${text}`,
        `#/diff?from=${text}&to=${text}`,
        `#/search?q=${text}`,
      ]) {
        await go(address)
        await page.locator('.state .spinner').waitFor({ state: 'detached' })
      }
    }
  })

  it('given to the API by a link run nothing on this origin', async () => {
    const { page, go } = await visit(set.served, { allows: /sandbox|status of 4/ })
    await go('#/search?q=page.html')
    await page.getByRole('link', { name: 'Open' }).first().click()
    await page
      .getByRole('row', { name: /page\.html/ })
      .getByRole('checkbox')
      .check()
    const address = await page.getByRole('link', { name: 'Download' }).getAttribute('href')
    const shown = (address ?? '').replace('&download=1', '')
    const response = await page.request.get(`${set.served.url}/${shown}`)
    expect(response.headers()['content-type']).not.toContain('html')
    expect(response.headers()['x-content-type-options']).toBe('nosniff')
    expect(response.headers()['content-security-policy']).toContain('sandbox')
  })
})
