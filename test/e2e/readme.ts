import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { checkout } from './workspace.ts'

/** The README's example of the library. It has no type annotations, so that it is JavaScript as well. */
export function libraryExample(): string {
  const readme = readFileSync(join(checkout, 'README.md'), 'utf8')
  const block = /\n```ts\n([^]*?)\n```\n/.exec(readme)
  if (block === null) throw new Error('README.md has no example')
  return block[1]
}
