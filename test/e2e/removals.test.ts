import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import { workspace, type JsonObject, type Workspace } from './workspace.ts'

const told = 'told.txt'

/** A project whose newest backup is larger than allowed, and whose channel writes down each change of an alert. */
function project(): Workspace {
  const space = workspace({ HOLDFAST_REPOSITORY: '' })
  space.write(
    'config.yml',
    `repository: ./repository
api:
  backup:
    schedule: { max_backups: 1 }
    paths: { index: data }
    verification: true
holdfast:
  access_log: access.jsonl
  alerts: { backup_size: 100K }
  channels:
    - { type: command, command: 'sh -c "echo $HOLDFAST_ALERT_RULE $HOLDFAST_ALERT_STATE >> ${told}"' }
`,
  )
  space.done(['init'])
  return space
}

/** Who did what, as the access log of the repository and its file say alike. */
function accesses(space: Workspace): { action: string; target: string; message: string }[] {
  const fields = ({ action, target, message }: JsonObject) => ({
    action: String(action),
    target: String(target),
    message: String(message),
  })
  const ofFile = readFileSync(space.at('access.jsonl'), 'utf8').trimEnd().split('\n')
  const log = (space.done(['log', '--json']).json() as JsonObject[]).map(fields)
  expect(ofFile.map((line) => fields(JSON.parse(line) as JsonObject))).toEqual(log)
  return log
}

function alertsTold(space: Workspace): string[] {
  if (!existsSync(space.at(told))) return []
  return readFileSync(space.at(told), 'utf8').trimEnd().split('\n')
}

describe('removals by the built command', () => {
  it('are all on record: delete, undelete, forget, cleanup, and what a prune drops for good', () => {
    const space = project()
    for (const content of ['one', 'two', 'three']) {
      space.write('data/file', content)
      space.done(['create', '--type', 'full'])
    }
    const ids = (space.done(['list', '--json']).json() as JsonObject[]).map(({ backup_id: id }) =>
      String(id),
    )
    space.done(['delete', '--yes', ids[0]])
    space.done(['undelete', ids[0]])
    space.done(['forget', '--keep-last', '2', '--trust-times'])
    space.done(['cleanup', '--dry-run'])
    space.done(['prune', '--dry-run'])
    space.done(['cleanup', '--trust-times'])
    space.done(['prune', '--grace', '0'])
    // Named paths make a group of their own, in which nothing is verified.
    space.done(['snapshot', 'data'])
    const refused = space.run(['forget', '--keep-tag', 'nowhere', '--path', 'data'])
    expect(refused.status).toBe(1)
    const log = accesses(space)
    expect(log.map(({ action, target }) => `${action} ${target}`)).toEqual([
      `delete ${ids[0]}`,
      `undelete ${ids[0]}`,
      `forget ${ids[0]}`,
      `cleanup ${ids[1]}`,
      'prune ',
      `prune ${ids[0]} ${ids[1]}`,
      'forget ',
    ])
    expect(log[5].message).toMatch(/^2 snapshots dropped, \d packs? deleted, 0 packs rewritten, /)
    expect(space.done(['log', '--result', 'refused', '--json']).json()).toHaveLength(1)
  })

  it('change the alerts at once', () => {
    const space = project()
    space.write('data/file', Buffer.alloc(1000))
    space.done(['create', '--type', 'full'])
    expect(alertsTold(space)).toEqual([])
    space.write('data/file', Buffer.alloc(200_000))
    space.done(['create', '--type', 'full'])
    const raised = 'large_backup raised'
    expect(alertsTold(space)).toEqual([raised])
    space.done(['delete', '--yes', 'latest'])
    expect(alertsTold(space)).toEqual([raised, 'large_backup cleared'])
    space.done(['undelete', 'latest'])
    expect(alertsTold(space).slice(2)).toEqual([raised])
    space.done(['forget', 'latest'])
    expect(alertsTold(space).slice(3)).toEqual(['large_backup cleared'])
    space.done(['forget', '--keep-tag', 'nowhere', '--unsafe-allow-remove-all', '--trust-times'])
    space.done(['forget', 'latest'])
    expect(alertsTold(space).slice(4)).toEqual(['no_recent_backup raised'])
  })
})

describe('holdfast delete of a run that failed', () => {
  it('takes its record away, after a question, and says who did', () => {
    const space = project()
    expect(space.run(['create', '--type', 'index']).status).not.toBe(0)
    const [run] = space.done(['list', '--json']).json() as JsonObject[]
    expect(run).toMatchObject({ id: null, status: 'failed' })
    const id = String(run['backup_id'])
    const unasked = space.run(['delete', id])
    expect(unasked.status).toBe(2)
    expect(unasked.stderr).toContain(id)
    expect(unasked.stderr).toContain('the record of 1 failed run for good?')

    space.write('data/file', 'content')
    space.done(['create', '--type', 'full'])
    expect(alertsTold(space)).toContain('failed_backups raised')
    const deleted = space.done(['delete', id, 'latest', '--yes', '--json']).line('deleted')
    expect(deleted['snapshots']).toEqual([
      expect.objectContaining({ id: expect.stringMatching(/^[0-9a-f]{64}$/) as string }),
      { id: null, backup_id: id },
    ])
    expect(space.done(['list', '--json']).json()).toEqual([])
    // The backup is gone, and that the other run failed stays true: the rates count it on.
    expect(alertsTold(space).slice(-1)).toEqual(['no_recent_backup raised'])
    expect(accesses(space).at(-1)).toMatchObject({ action: 'delete', target: id })
    expect(space.run(['delete', id, '--yes']).status).toBe(1)
  })
})
