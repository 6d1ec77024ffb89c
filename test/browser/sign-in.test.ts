import { describe, expect, it } from 'vitest'

import { stage } from './support/stage.ts'
import { signIn, visit } from './support/visitor.ts'

const set = stage({ days: 1 })

describe('signing in', () => {
  it('refuses a wrong token and says so, takes the right one, and ends when asked to', async () => {
    const { page } = await visit(set.served, { token: null })
    await page.goto(`${set.served.url}/`)
    await page.getByLabel('Token').fill('a-wrong-token')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('This token is not valid.').waitFor()

    await signIn(set.served, { page }, set.served.token)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Token').waitFor()
    await page.reload()
    await page.getByLabel('Token').waitFor()
  })

  it('lasts over a reload, and leaves nothing that a script could read', async () => {
    const { page, go } = await visit(set.served)
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    await go('#/snapshots')
    const readable = await page.evaluate<string>(
      'JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])',
    )
    expect(readable).not.toContain(set.served.token)
    expect(readable).not.toMatch(/session/i)
    const [cookie] = await page.context().cookies()
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' })
    expect(cookie?.value).not.toContain(set.served.token)
  })

  it('leads back to the page that was asked for', async () => {
    const { page } = await visit(set.served, { token: null })
    await page.goto(`${set.served.url}/#/retention`)
    await page.getByLabel('Token').fill(set.served.token)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { level: 1, name: 'Retention' }).waitFor()
  })

  it('with a read-only token shows everything and offers no action', async () => {
    const { page, go } = await visit(set.served, { token: set.served.readOnlyToken })
    await page.getByText('Read-only token').waitFor()
    expect(await page.getByRole('button', { name: 'Back up now' }).count()).toBe(0)
    await go('#/jobs')
    expect(
      await page.getByRole('button', { name: /Verify|Check|Clean up|Free space/ }).count(),
    ).toBe(0)
    await go('#/snapshots')
    await page.getByRole('grid').locator('[role=row] a').first().click()
    await page.getByRole('link', { name: 'Browse files' }).waitFor()
    expect(await page.getByRole('button', { name: /Restore|Delete|Verify|Export/ }).count()).toBe(0)
  })
})

describe('a server that goes away', () => {
  it('is told of, and met again with a new sign-in when it knows nobody any more', async () => {
    const { page, go } = await visit(set.served, { allows: /ERR_|status of (?:401|502)/ })
    await go('#/jobs')
    await set.served.stop()
    await page.getByText('The server does not answer').waitFor()
    await set.restart()
    await page.getByText('The session ended; sign in again.').waitFor()
    await page.getByLabel('Token').fill(set.served.token)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor()
    await page.getByText('The server does not answer').waitFor({ state: 'detached' })
  })
})
