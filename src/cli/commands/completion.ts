import { Argument, type Command } from 'commander'

import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { writeJsonLine } from '../output/json.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

export function defineCompletion(command: Command, run: RunAction): void {
  command.addArgument(new Argument('<shell>', 'the shell to write a script for').choices(shells))
  addExamples(command, [
    ['holdfast completion zsh > ~/.zfunc/_holdfast', 'complete in zsh, from a folder of fpath'],
    [
      'holdfast completion fish > ~/.config/fish/completions/holdfast.fish',
      'complete in every fish',
    ],
    ['source <(holdfast completion bash)', 'complete in this shell; put it into ~/.bashrc'],
  ])
  command.action((shell: Shell) => run(command, (session) => writeScript(session, shell)))
}

async function writeScript({ terminal, isJson }: Session, shell: Shell): Promise<ExitStatus> {
  const { describeCommands } = await import('../completion/describe-commands.ts')
  const program = await describeCommands()
  const script = await scriptFor(shell, program)
  if (isJson) writeJsonLine(terminal, { message_type: 'completion', shell, script })
  else terminal.writeOutput(script)
  return exitStatus.done
}

async function scriptFor(
  shell: Shell,
  program: Awaited<
    ReturnType<typeof import('../completion/describe-commands.ts').describeCommands>
  >,
): Promise<string> {
  if (shell === 'bash') return (await import('../completion/bash-script.ts')).bashScript(program)
  if (shell === 'zsh') return (await import('../completion/zsh-script.ts')).zshScript(program)
  return (await import('../completion/fish-script.ts')).fishScript(program)
}
