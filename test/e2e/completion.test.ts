import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { verbs } from '../../src/cli/verbs.ts'
import { removeTree } from '../support/remove-tree.ts'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
let folder: string
let shortId: string

/** Runs a program with the built command in its path. */
function run(program: string, argv: readonly string[]): string {
  const result = spawnSync(program, argv, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 20_000,
    env: {
      PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
      HOME: folder,
      HOLDFAST_THREADS: '0',
      TERM: 'dumb',
    },
  })
  if (result.status !== 0) throw new Error(`${program}: ${result.stderr}${result.stdout}`)
  return result.stdout
}

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['-c', 'exit 0']).status === 0
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  mkdirSync(join(folder, 'bin'))
  symlinkSync(main, join(folder, 'bin', 'holdfast'))
  mkdirSync(join(folder, 'data', 'below'), { recursive: true })
  writeFileSync(join(folder, 'data', 'a file'), 'content')
  run('holdfast', ['--repo', 'store', 'init'])
  run('holdfast', ['--repo', 'store', '--quiet', 'snapshot', 'data'])
  const [snapshot] = JSON.parse(run('holdfast', ['--repo', 'store', '--json', 'list'])) as {
    short_id: string
  }[]
  shortId = snapshot.short_id
  for (const [name, text] of Object.entries(zshFiles)) writeFileSync(join(folder, name), text)
  for (const shell of ['bash', 'zsh', 'fish']) {
    writeFileSync(join(folder, `completion.${shell}`), run('holdfast', ['completion', shell]))
  }
})

afterAll(() => removeTree(folder))

/**
 * An interactive zsh on a terminal of its own, with its completion system. One key puts everything that is offered into the line, where one writes it down.
 */
const zshFiles: Readonly<Record<string, string>> = {
  'setup.zsh': `PROMPT= RPROMPT=
autoload -Uz compinit; compinit -u -D
source ./completion.zsh
zle -C every complete-word _generic
zstyle ':completion:every:*' completer _all_matches _complete
zstyle ':completion:every:*' insert yes
dump() { print -r -- "$BUFFER" >| line }; zle -N dump
bindkey '^T' every; bindkey '^O' dump
print ready >| started
`,
  'drive.zsh': `zmodload zsh/zpty
rm -f started line
zpty -b shell zsh -f -i
zpty -w shell 'source ./setup.zsh'
await() { repeat 150; do [[ -s $1 ]] && return; zpty -r -t shell shown; sleep 0.1; done; print -ru2 -- "no $1"; exit 1 }
await started
zpty -w -n shell "$1"$'\\x14\\x0f'
await line
cat line
zpty -d shell
`,
}

/** What each shell offers for the words typed so far; the last one is being typed. */
const shells: Readonly<Record<string, (words: readonly string[]) => string[]>> = {
  bash(words) {
    const typed = words.map((word) => `'${word}'`).join(' ')
    const script = `source completion.bash; COMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}
      _holdfast; printf '%s\\n' "\${COMPREPLY[@]}"`
    return lines(run('bash', ['--norc', '-c', script]))
  },
  zsh(words) {
    const [line] = lines(run('zsh', ['-f', 'drive.zsh', words.join(' ')]))
    // Spaces in names are escaped; a blank after the last one says that it is the only one.
    return (line.match(/(?:[^ \\]|\\.)+/g) ?? []).slice(words.length - 1)
  },
  fish(words) {
    const script = `source completion.fish; complete -C '${words.join(' ')}'`
    return lines(run('fish', ['--no-config', '-c', script])).map((line) => line.split('\t')[0])
  },
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

describe.each(Object.keys(shells))('completion in %s', (shell) => {
  const complete = shells[shell]

  it.skipIf(!isInstalled(shell))('offers every command', () => {
    const offered = complete(['holdfast', ''])
    for (const { name, aliases } of verbs)
      expect(offered).toEqual(expect.arrayContaining([name, ...aliases]))
    expect(complete(['holdfast', 'hist'])).toEqual(['history'])
    expect(complete(['holdfast', '--repo', 'store', '--quiet', 'hist'])).toEqual(['history'])
  })

  it.skipIf(!isInstalled(shell))('offers the options of a command and the global ones', () => {
    const offered = complete(['holdfast', 'find', '--'])
    expect(offered).toEqual(
      expect.arrayContaining(['--ignore-case', '--newer', '--repo', '--json']),
    )
    expect(offered).not.toContain('--deletion')
    expect(complete(['holdfast', 'search', '--ignore'])).toEqual(['--ignore-case'])
  })

  it.skipIf(!isInstalled(shell))('offers values that can be listed', () => {
    expect(complete(['holdfast', 'list', '--type', 'inc'])).toEqual(['incremental'])
    expect(complete(['holdfast', 'stats', '--by', ''])).toEqual(
      expect.arrayContaining(['snapshot', 'type', 'folder']),
    )
    expect(complete(['holdfast', 'completion', 'z'])).toEqual(['zsh'])
    expect(complete(['holdfast', 'key', 'rem'])).toEqual(['remove'])
    expect(complete(['holdfast', 'key', 'add', '--lab'])).toEqual(['--label'])
  })

  it.skipIf(!isInstalled(shell))('offers snapshots of the repository that is named', () => {
    const offered = complete(['holdfast', '--repo', 'store', 'verify', ''])
    expect(offered).toEqual(expect.arrayContaining(['latest', shortId]))
    expect(offered.filter((name) => /^backup_\d+$/.test(name))).toHaveLength(1)
  })

  it.skipIf(!isInstalled(shell))('says nothing of a repository that cannot be opened', () => {
    expect(complete(['holdfast', '--repo', 'missing', 'verify', ''])).toEqual(['latest'])
  })

  it.skipIf(!isInstalled(shell))('offers files where a file is meant', () => {
    expect(complete(['holdfast', 'snapshot', 'da']).join()).toMatch(/^data/)
  })
})
