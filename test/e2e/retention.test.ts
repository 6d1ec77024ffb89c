import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import { workspace, type JsonObject, type Workspace } from './workspace.ts'

const config = `
api:
  backup:
    schedule: { retention_days: 30, max_backups: 2 }
    paths: { index: data }
    verification: true
`

function listed(space: Workspace, ...options: string[]): JsonObject[] {
  return space.done(['list', '--json', ...options]).json() as JsonObject[]
}

describe('retention with the built command', () => {
  it('cleans up as config.yml says, keeps the last verified full backup, and brings back what went', () => {
    const space = workspace()
    space.write('config.yml', config)
    space.done(['init'])
    for (const [index, type] of ['incremental', 'full', 'incremental', 'incremental'].entries()) {
      space.write('data/file', `content ${index}`)
      space.done(['create', '--type', type])
    }
    space.write('elsewhere/file', 'of another project')
    space.done(['snapshot', 'elsewhere'])
    const before = listed(space)

    const plan = space.done(['cleanup', '--dry-run']).stdout
    expect(plan).toMatch(/^remove .* not among the newest 2$/m)
    expect(plan).toMatch(/^keep .* full .* last verified full backup$/m)
    expect(listed(space)).toEqual(before)
    expect(space.done(['cleanup']).stdout).toContain('Cleaned up 1 old backups\n')
    expect(listed(space).map(({ id }) => id)).toEqual(before.slice(1).map(({ id }) => id))

    const [gone] = listed(space, '--forgotten')
    expect(gone['id']).toBe(before[0]['id'])
    expect(space.run(['restore', String(gone['id']), '--target', 'out']).status).toBe(1)
    space.done(['undelete', String(gone['backup_id'])])
    space.done(['restore', String(gone['id']), '--target', 'out'])
    expect(readFileSync(space.at('out/data/file'), 'utf8')).toBe('content 0')
  })

  it('gives up on a policy that keeps nothing, with status 1 and nothing removed', () => {
    const space = workspace()
    space.write('data/file', 'content')
    space.done(['init'])
    space.done(['snapshot', 'data'])
    const refused = space.run(['forget', '--keep-tag', 'nowhere', '--json'])
    expect(refused.status).toBe(1)
    expect(refused.errorLines.at(-1)).toMatchObject({ error: 'RETENTION_REFUSED' })
    expect(listed(space)).toHaveLength(1)
    space.done(['forget', '--keep-tag', 'nowhere', '--unsafe-allow-remove-all'])
    expect(listed(space)).toHaveLength(0)
    space.done(['prune', '--grace', '0'])
    expect(listed(space, '--forgotten')).toEqual([])
  })
})
