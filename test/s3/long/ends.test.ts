import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

const childPath = join(import.meta.dirname, '../engines/children/holding-child.ts')

/** The processes of a PID namespace. */
function processesIn(namespace: string): string[] {
  return readdirSync('/proc').filter((name) => namespaceOf(name) === namespace)
}

function namespaceOf(processId: string): string | undefined {
  try {
    return readlinkSync(`/proc/${processId}/ns/pid`)
  } catch {
    return undefined
  }
}

it('an engine ends with the process that started it, and leaves nothing, also when that is killed', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', childPath], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const { folder, access } = JSON.parse(line.toString())
  const [holder = ''] = readFileSync(join(folder, 'holder'), 'utf8').split(' ')
  const namespace = namespaceOf(holder) ?? ''
  expect(processesIn(namespace)).toHaveLength(4)
  expect((await fetch(access.endpoint)).status).toBe(200)

  child.kill('SIGKILL')
  await vi.waitUntil(() => !existsSync(folder) && !existsSync(`${folder}.gone`), {
    timeout: 20_000,
  })
  expect(processesIn(namespace)).toEqual([])
  await expect(fetch(access.endpoint)).rejects.toThrow('fetch failed')
})
