import type { DescribedCommand } from './describe-commands.ts'
import { shellTables } from './shell-tables.ts'

/** Completion for bash 4.2 and later; needs no package besides. */
export function bashScript(program: DescribedCommand): string {
  return `# bash completion for holdfast; made by \`holdfast completion bash\`
${shellTables(program)}
_holdfast() {
  local current="\${COMP_WORDS[COMP_CWORD]}"
  [ "$current" = '=' ] && current=''
  _holdfast_scan "\${COMP_WORDS[@]:1:COMP_CWORD-1}"
  _holdfast_candidates "\${COMP_WORDS[0]}" "$current"
  local IFS=$'\\n'
  case "$_hf_files" in
    file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")) ;;
    directory) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "\${_hf_names[*]}" -- "$current")) ;;
  esac
}
complete -F _holdfast holdfast
`
}
