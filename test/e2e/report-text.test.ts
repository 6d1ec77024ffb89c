import { describe, expect, it } from 'vitest'

import { until, workspace, type RunOptions, type Workspace } from './workspace.ts'

const token = 'token-of-sixteen-0123456789'

/** Stops the clock of a process: the sentence of the report tells an age in tenths of a second. */
function at(nowMs: number): RunOptions {
  const script = `Date.now = () => ${nowMs}`
  return {
    environment: { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(script)}"` },
  }
}

/** What a server at that moment answers. */
async function answered(place: Workspace, nowMs: number): Promise<string> {
  const server = place.start(['serve', '--port', '0'], at(nowMs))
  let told = ''
  for (const stream of [server.process.stdout, server.process.stderr]) {
    stream?.on('data', (bytes: Buffer) => (told += bytes.toString()))
  }
  await until(() => /Listening on http\S+/.test(told), 'the server to listen')
  const url = /Listening on (http\S+)/.exec(told)?.[1] ?? ''
  const answer = await fetch(new URL('/api/v1/report?format=text', url), {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  const text = await answer.text()
  server.process.kill('SIGTERM')
  await server.finished
  return text
}

describe('the report as text', () => {
  it('is the same from the command and from the server, when all is well and when it is not', async () => {
    const place = workspace({ HOLDFAST_TOKEN: token })
    place.write('data/a.txt', 'content')
    place.write('config.yml', 'api: { backup: { paths: { index: data } } }\n')
    place.done(['init'])
    place.done(['create', '--type', 'full'])
    const madeMs = Date.now()
    place.write('data/b.txt', 'more')
    place.done(['create', '--type', 'incremental'])

    const soon = madeMs + 30 * 60_000
    const fine = place.done(['report'], at(soon)).stdout
    expect(fine).toMatch(/^All protected: 2 backups, all verified, the newest \d+ min \d\d s old\n/)
    expect(await answered(place, soon)).toBe(fine)

    const late = madeMs + 3 * 24 * 3_600_000
    const bad = place.done(['report'], at(late)).stdout
    expect(bad).toMatch(/^Attention needed: no recent backup/)
    expect(bad).toMatch(/^Alert +Since +Why$/m)
    expect(bad).toMatch(/^Type +State +Newest/m)
    expect(await answered(place, late)).toBe(bad)

    // The schedule of a configuration that names another repository is none of this one's.
    place.write('config.yml', 'repository: ./other\napi: { backup: { paths: { index: data } } }\n')
    const foreign = place.done(['report'], at(soon)).stdout
    expect(fine).toMatch(/^full +in time /m)
    expect(foreign).toMatch(/^full +by hand /m)
    expect(await answered(place, soon)).toBe(foreign)
  }, 90_000)
})
