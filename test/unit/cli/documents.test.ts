import { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import { exitStatus, exitStatusOf } from '../../../src/cli/exit-status.ts'
import { addGlobalOptions } from '../../../src/cli/global-options.ts'
import { verbs } from '../../../src/cli/verbs.ts'
import {
  backupSection,
  holdfastSection,
  isSection,
  type Section,
} from '../../../src/config/schema.ts'
import type { ErrorCode } from '../../../src/foundation/errors.ts'

function readText(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
}

/** Heading of level 2 or 3 to the text below it. */
function sections(markdown: string): Map<string, string> {
  const parts = markdown.split(/^#{2,3} /m).slice(1)
  return new Map(parts.map((part) => [part.slice(0, part.indexOf('\n')), part]))
}

describe('docs/ERRORS.md', () => {
  const errors = readText('docs/ERRORS.md')
  const declared = /export type ErrorCode =\n((?: +\| '[A-Z_]+'\n)+)/.exec(
    readText('src/foundation/errors.ts'),
  )
  const codes = [...(declared?.[1] ?? '').matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code)
  const documented = [...errors.matchAll(/^### ([A-Z_]+)$/gm)].map(([, code]) => code)

  it('explains every code, no other, in the order of the type', () => {
    expect(codes.length).toBeGreaterThan(20)
    expect(documented).toEqual(codes)
  })

  it.each(codes)('gives exit status, cause or state, and remedy of %s', (code) => {
    const text = sections(errors).get(code) ?? ''
    expect(text).toContain(`\nStatus ${exitStatusOf(code as ErrorCode)}. `)
    expect(text).toContain('**Remedy:**')
  })

  it('lists every exit status', () => {
    const table = [...errors.matchAll(/^\| (\d+) \|/gm)].map(([, status]) => Number(status))
    expect(table).toEqual(Object.values(exitStatus))
  })
})

describe('docs/COMMANDS.md', () => {
  const commands = sections(readText('docs/COMMANDS.md'))

  function optionsOf(command: Command): string[] {
    const own = command.options.flatMap(({ long, short }) => [long, short])
    return [...own, ...command.commands.flatMap(optionsOf)].filter((flag) => flag != null)
  }

  it.each(verbs.map((verb) => [verb.name, verb] as const))(
    'describes every option of %s, and no other',
    async (name, verb) => {
      const command = new Command(name)
      const define = await verb.load()
      define(command, () => Promise.resolve())
      const globals = new Command()
      addGlobalOptions(globals)
      const own = new Set(optionsOf(command).filter((flag) => !optionsOf(globals).includes(flag)))
      const text = commands.get(name) ?? ''
      for (const flag of own) expect(text).toContain(`\`${flag}`)
      for (const [, row] of text.matchAll(/^\| (`-.*?) \|/gm)) {
        for (const [flag] of row.matchAll(/--[a-z-]+/g)) expect([...own]).toContain(flag)
      }
    },
  )

  it('lists every command with its other names', () => {
    const text = readText('docs/COMMANDS.md')
    for (const { name, aliases, summary } of verbs) {
      const others = aliases.map((alias) => `\`${alias}\``).join(', ')
      expect(text).toContain(`| [\`${name}\`](#${name}) | ${others}${others && ' '}| ${summary} |`)
    }
  })

  it('describes every global option', () => {
    const command = new Command()
    addGlobalOptions(command)
    const text = commands.get('Global options') ?? ''
    for (const flag of optionsOf(command)) expect(text).toContain(`\`${flag}`)
  })

  it('shows every key of the configuration', () => {
    const keysOf = ({ keys }: Section): string[] =>
      Object.entries(keys).flatMap(([key, entry]) => [
        key,
        ...(isSection(entry) ? keysOf(entry) : []),
      ])
    const text = commands.get('Configuration') ?? ''
    for (const key of [...keysOf(backupSection), ...keysOf(holdfastSection)]) {
      expect(text).toMatch(new RegExp(`^ *${key}:|holdfast\\.${key}`, 'm'))
    }
  })
})
