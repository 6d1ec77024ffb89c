/** Guards no secret: the repositories hold generated or public data and are removed afterwards. */
export const benchPassphrase = 'bench passphrase'

/** What every tool gets: a search path and a home of its own, none of the user's settings. */
export function baseEnvironment(home: string): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: home, LANG: 'C.UTF-8' }
}
