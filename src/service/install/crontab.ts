import { quoteWord } from './quote-word.ts'

const beginMark = '# BEGIN holdfast'
const endMark = '# END holdfast'

export interface ScheduledProgram {
  /** Words of the command line that does what is due. */
  readonly words: readonly string[]
  /** Where it is run. */
  readonly folder: string
  /** The configuration, which tells installations apart. */
  readonly file: string
}

/** Every hour, at a minute that few others have: what is due is done then, also what was missed. */
export function crontabBlock({ words, folder, file }: ScheduledProgram): string {
  // In a crontab `%` is a line end.
  const command = `cd ${quoteWord(folder)} && ${words.map(quoteWord).join(' ')}`
  return `${markOf(beginMark, file)}\n17 * * * * ${command.replaceAll('%', '\\%')}\n${markOf(endMark, file)}\n`
}

/** A crontab with the block in it, in the place of the one that was there; other lines stay as they are. */
export function withBlock(crontab: string, program: ScheduledProgram): string {
  const others = withoutBlock(crontab, program.file)
  const separator = others === '' || others.endsWith('\n') ? '' : '\n'
  return `${others}${separator}${crontabBlock(program)}`
}

/** @returns the crontab as it is when there is no block of that configuration, or its end is missing */
export function withoutBlock(crontab: string, file: string): string {
  const lines = crontab.split('\n')
  const begin = lines.indexOf(markOf(beginMark, file))
  const end = lines.indexOf(markOf(endMark, file), begin)
  if (begin === -1 || end === -1) return crontab
  return [...lines.slice(0, begin), ...lines.slice(end + 1)].join('\n')
}

export function hasBlock(crontab: string, file: string): boolean {
  return crontab.split('\n').includes(markOf(beginMark, file))
}

function markOf(mark: string, file: string): string {
  return `${mark} ${file.replaceAll('\n', ' ')}`
}
