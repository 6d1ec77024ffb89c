import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import { workspace, type RunOptions, type Workspace } from './workspace.ts'

/** Runs the command on a day that has not come yet. */
function daysLater(days: number): RunOptions {
  const script = `const now = Date.now; Date.now = () => now() + ${days * 24 * 3_600_000}`
  return {
    environment: { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(script)}"` },
  }
}

function prepared(config: string = ''): Workspace {
  const space = workspace()
  space.write('project/data/a.txt', 'content')
  space.write(
    'project/config.yml',
    `repository: ../repository\napi: { backup: { paths: { index: data } } }\n${config}`,
  )
  space.done(['init'])
  return space
}

const inProject: RunOptions = { folder: 'project' }

describe('holdfast status --check', () => {
  it('is 0 while all is well and 1 when nothing ran for too long, with no daemon anywhere', () => {
    const space = prepared()
    const empty = space.run(['status', '--check'], inProject)
    expect(empty).toMatchObject({ status: 1, stderr: '' })
    expect(empty.stdout).toContain('There is no backup that can be restored'.slice(1))
    space.done(['create', '--type', 'full'], inProject)
    const fine = space.run(['status', '--check'], inProject)
    expect(fine).toMatchObject({ status: 0, stderr: '' })
    expect(fine.stdout).toMatch(/^All protected: 1 backup, all verified, the newest [^\n]+ old\n$/)
    const late = space.run(['status', '--check'], { ...inProject, ...daysLater(3) })
    expect(late.status).toBe(1)
    expect(late.stdout).toMatch(/^Attention needed: no recent backup[^\n]*more than 2 d 00 h\n$/)
    const json = space.run(['status', '--check', '--json'], { ...inProject, ...daysLater(3) })
    const rules = (json.line('status_check')['alerts'] as { rule: string }[]).map(
      ({ rule }) => rule,
    )
    expect(rules).toEqual(['no_recent_backup', 'schedule_missed'])
    // A clock that was ahead and was put right leaves a backup of the future, which protects nobody.
    space.done(['delete', 'latest', '--yes'], inProject)
    space.done(['create', '--type', 'full'], { ...inProject, ...daysLater(30) })
    expect(space.done(['list', '--json'], inProject).json()).toHaveLength(1)
  })

  it('--notify tells a command of just what changed', () => {
    const told = 'told.txt'
    const space = prepared(
      `holdfast: { channels: [{ type: command, command: 'sh -c "echo $HOLDFAST_ALERT_RULE $HOLDFAST_ALERT_STATE >> ${told}"' }] }\n`,
    )
    const check = (options: RunOptions): number | null =>
      space.run(['status', '--check', '--quiet', '--notify'], { ...inProject, ...options }).status
    const lines = (): string[] =>
      readFileSync(space.at('project', told), 'utf8').trimEnd().split('\n')
    expect(check({})).toBe(1)
    expect(check({})).toBe(1)
    expect(lines()).toEqual(['no_recent_backup raised'])
    space.done(['create', '--type', 'full'], inProject)
    expect(check({})).toBe(0)
    expect(lines()).toEqual(['no_recent_backup raised', 'no_recent_backup cleared'])
    const json = space.done(['report', '--json'], inProject).line('report')
    expect((json['alert_history'] as { state: string }[]).map(({ state }) => state)).toEqual([
      'cleared',
      'raised',
    ])
  })

  it('writes the page of the report', () => {
    const space = prepared()
    space.write('project/data/b.txt', 'x')
    space.done(
      ['create', '--type', 'full', '--description', '<script>alert(1)</script>'],
      inProject,
    )
    space.done(['report', '--html', '-o', 'report.html'], inProject)
    const page = readFileSync(space.at('project/report.html'), 'utf8')
    expect(page).toContain('&lt;script&gt;alert(1)')
    expect(page).not.toContain('<script')
  })
})
