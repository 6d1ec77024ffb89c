import { describe, expect, it } from 'vitest'

import type { Row } from '../datasets/row.ts'
import type { Tool, ToolSite } from '../tools/tool.ts'
import { planWork } from './plan-work.ts'

const site: ToolSite = { repository: '/r', cache: '/c', home: '/h', source: '/s' }
const options = { roundFolder: '/tmp', pristineFolder: '/p', isSparse: false }

function toolWith(more: Partial<Tool>): Tool {
  return {
    name: 'tool',
    description: '',
    create: () => [],
    backup: () => [],
    snapshots: () => ['a', 'b', 'c', 'd', 'e'],
    restore: () => [],
    restoredFolders: () => [],
    ...more,
  }
}

function victimsOf(row: Row): readonly string[] {
  let victims: readonly string[] = []
  const deleteAndPrune: Tool['deleteAndPrune'] = (_site, snapshots) => {
    victims = snapshots
    return []
  }
  planWork({ tool: toolWith({ deleteAndPrune }), site }, row, options)
  return victims
}

describe('planWork()', () => {
  it('deletes all snapshots but the latest', () => {
    const row = { kind: 'delete-and-prune', title: '', victims: 'all-but-latest' } as const
    expect(victimsOf(row)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('deletes every second snapshot and never the latest', () => {
    const row = { kind: 'delete-and-prune', title: '', victims: 'every-second' } as const
    expect(victimsOf(row)).toEqual(['a', 'c'])
  })

  it.each([
    { kind: 'verify', title: '' },
    { kind: 'restore-file', title: '', path: 'file' },
    { kind: 'delete-and-prune', title: '', victims: 'every-second' },
  ] as const)('plans nothing where the tool has no $kind', (row) => {
    expect(planWork({ tool: toolWith({}), site }, row, options).commands).toEqual([])
  })
})
