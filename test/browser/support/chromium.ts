import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

/** Debian's, or the one that the environment names. */
export const chromiumPath: string = process.env['HOLDFAST_CHROMIUM'] ?? '/usr/bin/chromium'

export const isChromiumThere: boolean = existsSync(chromiumPath)

/** Nothing that speaks to its maker, and no sandbox of its own inside of a container. */
const launchArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let shared: Promise<Browser> | undefined

/** One browser for all tests of a file; each test gets a context of its own. */
export async function sharedBrowser(): Promise<Browser> {
  shared ??= launchBrowser()
  return shared
}

export async function closeSharedBrowser(): Promise<void> {
  await (await shared)?.close()
  shared = undefined
}

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath, args: launchArguments })
}
