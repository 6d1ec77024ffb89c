import type { DescribedCommand } from './describe-commands.ts'
import { shellTables } from './shell-tables.ts'

/** Completion for zsh, as a file \`_holdfast\` in a folder of \`fpath\` or sourced after \`compinit\`. */
export function zshScript(program: DescribedCommand): string {
  return `#compdef holdfast
# zsh completion for holdfast; made by \`holdfast completion zsh\`
${shellTables(program)}
_holdfast() {
  local -a shown
  local index
  _holdfast_scan "\${(@)words[2,CURRENT-1]}"
  _holdfast_candidates "\${words[1]}" "\${words[CURRENT]}"
  case "$_hf_files" in
    file) _files; return ;;
    directory) _files -/; return ;;
  esac
  if (( \${#_hf_texts} > 0 )); then
    for index in {1..\${#_hf_names}}; do shown+=("\${(r:24:)_hf_names[index]} \${_hf_texts[index]}"); done
    compadd -l -d shown -a _hf_names
  else
    compadd -a _hf_names
  fi
}
if [ "\${funcstack[1]}" = _holdfast ]; then
  _holdfast "$@"
elif (( $+functions[compdef] )); then
  compdef _holdfast holdfast
fi
`
}
