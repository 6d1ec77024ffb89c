#!/usr/bin/env node
import { programVersion } from '../foundation/program.ts'

const argv = process.argv.slice(2)

// Scripts ask for the version often and alone: answered here, before the command-line parser is loaded (15 ms).
if (argv.length === 1 && ['version', '--version', '-V'].includes(argv[0])) {
  process.stdout.write(`holdfast ${programVersion}\n`)
} else {
  const { runProcess } = await import('./run-process.ts')
  await runProcess(argv)
}
