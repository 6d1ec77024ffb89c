import type { DescribedCommand, DescribedOption, ValueKind } from './describe-commands.ts'
import { allCommands } from './shell-tables.ts'

/** Completion for fish 3 and later. */
export function fishScript(program: DescribedCommand): string {
  const commands = allCommands(program)
  const valued = new Set(
    commands.flatMap(({ options }) =>
      options.filter(({ value }) => value !== null).flatMap(({ flags }) => flags),
    ),
  )
  return `# fish completion for holdfast; made by \`holdfast completion fish\`
${functions(valued, program.options)}
complete -c holdfast -f
${program.options.map((option) => optionLine('', option)).join('\n')}
${commands.map(commandLines).join('\n')}
`
}

/** fish reads backslashes and quotes within single quotes. */
function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

function functions(valued: ReadonlySet<string>, global: readonly DescribedOption[]): string {
  const globals = global.filter(({ value }) => value !== null).flatMap(({ flags }) => flags)
  return `function __holdfast_words
    set -l pending 0
    for token in (commandline -opc)[2..-1]
        if test $pending = 1
            set pending 0
        else if contains -- $token ${[...valued].join(' ')}
            set pending 1
        else if not string match -q -- '-*' $token
            echo $token
        end
    end
end
function __holdfast_at
    set -l typed (__holdfast_words)
    test "$typed[1..$argv[1]]" = "$argv[2..-1]"
end
function __holdfast_none
    test (count (__holdfast_words)) = 0
end
function __holdfast_snapshots
    set -l tokens (commandline -opc)
    set -l passed
    set -l pending 0
    for token in $tokens[2..-1]
        if test $pending = 1
            set -a passed $token
            set pending 0
        else if contains -- $token ${globals.join(' ')}
            set -a passed $token
            set pending 1
        end
    end
    echo latest
    command timeout 3 $tokens[1] $passed --quiet --no-progress list --json </dev/null 2>/dev/null |
        string match -ra '"(?:short_id|backup_id)":"[^"]*"' | string split -f 4 '"'
end`
}

function commandLines({ key, names, text, options, values, below }: DescribedCommand): string {
  const parent = key.split(' ').slice(0, -1)
  const lines: string[] = []
  const conditions = names.map((name) => condition([...parent, name]))
  if (key !== '') {
    const above = parent.length === 0 ? '__holdfast_none' : condition(parent)
    for (const name of names) {
      lines.push(`complete -c holdfast -n ${quote(above)} -a ${quote(name)} -d ${quote(text)}`)
    }
    for (const where of conditions) {
      for (const option of options) lines.push(optionLine(where, option))
      if (below.length === 0) lines.push(...argumentLines(where, values))
    }
  }
  return lines.join('\n')
}

function condition(words: readonly string[]): string {
  return `__holdfast_at ${words.length} ${words.join(' ')}`
}

function optionLine(where: string, { flags, text, value }: DescribedOption): string {
  const names = flags.map((flag) =>
    flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  )
  const at = where === '' ? '' : ` -n ${quote(where)}`
  const offered = value === null ? '' : ` ${offer(value)}`
  return `complete -c holdfast${at} ${names.join(' ')}${offered} -d ${quote(text)}`
}

/** fish asks for all kinds at once: it does not count arguments. */
function argumentLines(where: string, values: readonly ValueKind[]): string[] {
  const offers = new Set(values.filter(({ kind }) => kind !== 'text').map(argumentOffer))
  return [...offers].map((offered) => `complete -c holdfast -n ${quote(where)} ${offered}`)
}

function argumentOffer(value: ValueKind): string {
  if (value.kind === 'choices') return `-a ${quote(value.choices.join(' '))}`
  if (value.kind === 'snapshot') return "-a '(__holdfast_snapshots)'"
  return value.kind === 'directory' ? "-a '(__fish_complete_directories)'" : '-F'
}

function offer(value: ValueKind): string {
  if (value.kind === 'text') return '-x'
  if (value.kind === 'file') return '-r -F'
  return `-x ${argumentOffer(value)}`
}
