import type { DescribedCommand, DescribedOption, ValueKind } from './describe-commands.ts'

/** A word that a shell takes as it is. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

export function allCommands(program: DescribedCommand): DescribedCommand[] {
  return [program, ...program.below.flatMap(allCommands)]
}

/**
 * The part that bash and zsh share: what the program knows, as tables, and a function that reads the words before the cursor. Arrays are
 * only gone through, because the two count their elements differently.
 */
export function shellTables(program: DescribedCommand): string {
  const commands = allCommands(program)
  return `${wordTable(commands)}
${nameTable(commands)}
${valueTable(commands, program.options)}
${argumentTable(commands)}
${scanner(program.options)}`
}

/** Sets what may follow a command: names with their texts. */
function wordTable(commands: readonly DescribedCommand[]): string {
  const global = commands[0].options
  const cases = commands.map(({ key, options, below }) => {
    const all = key === '' ? options : [...options, ...global]
    const flags = all.flatMap((option) => option.flags.map((flag) => [flag, option.text] as const))
    const names = below.flatMap((one) => one.names.map((name) => [name, one.text] as const))
    return `    ${quote(key)})
      _hf_commands=(${names.map(([name]) => quote(name)).join(' ')})
      _hf_command_texts=(${names.map(([, text]) => quote(text)).join(' ')})
      _hf_options=(${flags.map(([flag]) => quote(flag)).join(' ')})
      _hf_option_texts=(${flags.map(([, text]) => quote(text)).join(' ')}) ;;`
  })
  return `_holdfast_words() {
  _hf_commands=() _hf_command_texts=() _hf_options=() _hf_option_texts=()
  case "$1" in
${cases.join('\n')}
  esac
}`
}

/** Sets the key of what a word names below another key. */
function nameTable(commands: readonly DescribedCommand[]): string {
  const cases = commands.flatMap(({ key, below }) =>
    below.map((one) => {
      const patterns = one.names.map((name) => quote(`${key}/${name}`)).join('|')
      return `    ${patterns}) _hf_found=${quote(one.key)} ;;`
    }),
  )
  return `_holdfast_name() {
  _hf_found=''
  case "$1/$2" in
${cases.join('\n')}
    *) return 1 ;;
  esac
}`
}

/** Sets what kind of value an option takes; fails for one that takes none. */
function valueTable(
  commands: readonly DescribedCommand[],
  global: readonly DescribedOption[],
): string {
  const own = commands.slice(1).flatMap(({ key, options }) =>
    options.flatMap(({ flags, value }) => {
      const patterns = flags.map((flag) => quote(`${key}/${flag}`)).join('|')
      return `    ${patterns}) ${value ? `_hf_value=${quote(valueWord(value))}` : 'return 1'} ;;`
    }),
  )
  const everywhere = global.flatMap(({ flags, value }) =>
    value
      ? `    ${flags.map((flag) => `*${quote(`/${flag}`)}`).join('|')}) _hf_value=${quote(valueWord(value))} ;;`
      : [],
  )
  return `_holdfast_value() {
  _hf_value=''
  case "$1/$2" in
${[...own, ...everywhere].join('\n')}
    *) return 1 ;;
  esac
}`
}

/** Sets what kind of value a command takes at a position. */
function argumentTable(commands: readonly DescribedCommand[]): string {
  const cases = commands.flatMap(({ key, values, isRepeated }) =>
    values.map((value, index) => {
      const isLast = index === values.length - 1
      const position = isLast && isRepeated ? `${quote(`${key}/`)}*` : quote(`${key}/${index}`)
      return `    ${position}) _hf_value=${quote(valueWord(value))} ;;`
    }),
  )
  return `_holdfast_argument() {
  _hf_value='text'
  case "$1/$2" in
${cases.join('\n')}
  esac
}`
}

function valueWord(value: ValueKind): string {
  return value.kind === 'choices' ? `choices ${value.choices.join(' ')}` : value.kind
}

function scanner(global: readonly DescribedOption[]): string {
  const valued = global.filter(({ value }) => value !== null).flatMap(({ flags }) => flags)
  return `_holdfast_scan() {
  local word
  _hf_key='' _hf_position=0 _hf_pending='' _hf_globals=()
  for word in "$@"; do
    if [ -n "$_hf_pending" ]; then
      [ "$word" = '=' ] && continue
      case "$_hf_pending" in
        ${valued.map(quote).join('|')}) _hf_globals+=("$_hf_pending" "\${word/#\\~\\//$HOME/}") ;;
      esac
      _hf_pending=''
      continue
    fi
    case "$word" in
      -*=*) case "\${word%%=*}" in ${valued.map(quote).join('|')}) _hf_globals+=("$word") ;; esac ;;
      -*) if _holdfast_value "$_hf_key" "$word"; then _hf_pending="$word"; fi ;;
      *)
        if _holdfast_name "$_hf_key" "$word"; then
          _hf_key="$_hf_found"
        else
          _hf_position=$((_hf_position + 1))
        fi ;;
    esac
  done
}
_holdfast_snapshots() {
  command timeout 3 "$1" "\${_hf_globals[@]}" --quiet --no-progress list --json </dev/null 2>/dev/null |
    command grep -oE '"(short_id|backup_id)":"[^"]*"' | command cut -d '"' -f 4
}
_holdfast_candidates() {
  local program="$1" current="$2" line
  _hf_names=() _hf_texts=() _hf_files=''
  _holdfast_words "$_hf_key"
  if [ -n "$_hf_pending" ]; then
    _holdfast_value "$_hf_key" "$_hf_pending"
  elif [ "\${current#-}" != "$current" ]; then
    _hf_names=("\${_hf_options[@]}") _hf_texts=("\${_hf_option_texts[@]}")
    return
  elif [ \${#_hf_commands[@]} -gt 0 ]; then
    _hf_names=("\${_hf_commands[@]}") _hf_texts=("\${_hf_command_texts[@]}")
    return
  else
    _holdfast_argument "$_hf_key" "$_hf_position"
  fi
  case "$_hf_value" in
    'choices '*)
      while IFS= read -r line; do _hf_names+=("$line"); done < <(printf '%s\\n' "\${_hf_value#choices }" | command tr ' ' '\\n') ;;
    snapshot)
      _hf_names=(latest)
      while IFS= read -r line; do _hf_names+=("$line"); done < <(_holdfast_snapshots "$program") ;;
    file | directory) _hf_files="$_hf_value" ;;
  esac
}`
}
