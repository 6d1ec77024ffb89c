import type { BrowserContextOptions, Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'

import { sharedBrowser } from './chromium.ts'
import type { Served } from './served.ts'

export interface VisitOptions {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
  readonly reducedMotion?: 'reduce' | 'no-preference'
  /** What the page is signed in with; null shows the page as a stranger sees it. */
  readonly token?: string | null
  /** Messages of the console that this test brings about on purpose. */
  readonly allows?: RegExp
}

/** A person with a browser of their own. */
export interface Visitor {
  readonly page: Page
  /** Goes to a page of the dashboard, such as `#/jobs`, and waits until it is drawn. */
  go(address: string): Promise<void>
  /** What should never have happened so far. */
  faults(): Promise<readonly string[]>
}

/** Says what a policy kept from happening, and whether anything out of the repository ran as script. */
const watchScript = `
  window.faults = []
  addEventListener('securitypolicyviolation', (event) =>
    window.faults.push('policy: ' + event.violatedDirective + ' ' + event.blockedURI))
  window.pwned = () => window.faults.push('a script out of the repository ran')
`

/** A status other than success is written to the console by the browser itself, also where it is expected. */
const signInMessages = /status of 401/

/**
 * Opens the dashboard. When the test ends everything that must never happen is looked for: messages of the console, script that ran,
 * what the policy refused, requests to anybody else.
 */
export async function visit(served: Served, options: VisitOptions = {}): Promise<Visitor> {
  const context = await (await sharedBrowser()).newContext(contextOptions(options))
  const page = await context.newPage()
  const faults: string[] = []
  await page.addInitScript(watchScript)
  page.on('console', (message) => {
    const isAllowed =
      signInMessages.test(message.text()) || options.allows?.test(message.text()) === true
    if (['error', 'warning'].includes(message.type()) && !isAllowed) {
      faults.push(`console: ${message.text()}`)
    }
  })
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    const url = request.url()
    const isOwn = url.startsWith(`${served.url}/`) || url.startsWith(`blob:${served.url}/`)
    if (!isOwn && !/^(?:data|about):/.test(url)) faults.push(`request: ${url}`)
  })
  // Two processors are often shared with other tests, and a slow machine is no fault.
  page.setDefaultTimeout(60_000)
  const visitor: Visitor = {
    page,
    async go(address) {
      await page.goto(`${served.url}/${address}`)
      await page.locator('h1').first().waitFor()
    },
    async faults() {
      const inPage = await page.evaluate<string[]>('window.faults ?? []')
      return [...faults, ...inPage]
    },
  }
  onTestFinished(async () => {
    const found = page.isClosed() ? faults : await visitor.faults()
    await context.close()
    expect(found).toEqual([])
  })
  if (options.token !== null) await signIn(served, visitor, options.token ?? served.token)
  return visitor
}

function contextOptions(options: VisitOptions): BrowserContextOptions {
  return {
    viewport: { width: options.width ?? 1280, height: options.height ?? 860 },
    colorScheme: options.colorScheme ?? 'light',
    reducedMotion: options.reducedMotion ?? 'reduce',
    acceptDownloads: true,
    timezoneId: 'UTC',
    locale: 'en-GB',
  }
}

export async function signIn(
  served: Served,
  { page }: Pick<Visitor, 'page'>,
  token: string,
): Promise<void> {
  await page.goto(`${served.url}/`)
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
}
