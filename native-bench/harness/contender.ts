import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'

import type { Tool, ToolSite } from '../tools/tool.ts'
import { runCommand } from './measure-command.ts'

/** A tool with its place in a round. */
export interface Contender {
  readonly tool: Tool
  readonly site: ToolSite
}

/** Gives a tool its folders below `roundFolder` and lets it make its repository. */
export function enter(tool: Tool, source: string, roundFolder: string): Contender {
  const folder = join(roundFolder, tool.name)
  const [repository, cache, home] = ['repository', 'cache', 'home'].map((name) =>
    join(folder, name),
  )
  const site: ToolSite = { repository, cache, home, source }
  for (const path of [site.cache, site.home]) mkdirSync(path, { recursive: true, mode: 0o700 })
  for (const command of tool.create(site)) runCommand(command)
  return { tool, site }
}

/** A B, then B A: whoever comes second finds warmer caches, so each tool comes second in turn. */
export function inTurn(tools: readonly Tool[], round: number): readonly Tool[] {
  const shift = (round - 1) % tools.length
  return [...tools.slice(shift), ...tools.slice(0, shift)]
}

export function newRestoreTarget(roundFolder: string): string {
  return mkdtempSync(join(roundFolder, 'restored-'))
}
