import { readFileSync } from 'node:fs'

/** Gives the exact bytes of an argument of this process. */
export type RawArgument = (text: string) => Buffer

const replacement = '\ufffd'

/**
 * Recovers arguments that are not UTF-8.
 *
 * Node decodes arguments to text and puts U+FFFD where the bytes are not UTF-8; the name of the file is lost then. Linux
 * still has the bytes in `/proc/self/cmdline`, where the program's own arguments are the last ones.
 * @param argv The arguments after the program's name, as Node gives them.
 * @param readCommandLine Reads the NUL-terminated arguments of the process.
 */
export function rawArguments(
  argv: readonly string[],
  readCommandLine: () => Buffer = () => readFileSync('/proc/self/cmdline'),
): RawArgument {
  if (!argv.some((argument) => argument.includes(replacement))) return (text) => Buffer.from(text)
  const raw = splitAtNul(readCommandLine()).slice(-argv.length)
  const byText = new Map<string, Buffer[]>()
  argv.forEach((argument, index) => {
    const bytes = raw[index]
    if (bytes === undefined || bytes.toString() !== argument) return
    remember(byText, argument, bytes)
    // `--target=DIR`: the value alone is what will be asked for.
    const equals = argument.startsWith('--') ? argument.indexOf('=') : -1
    if (equals !== -1)
      remember(byText, argument.slice(equals + 1), bytes.subarray(bytes.indexOf('=') + 1))
  })
  return (text) => {
    const candidates = byText.get(text)
    if (candidates === undefined) return Buffer.from(text)
    // Different bytes can look the same as text: they are given out in the order in which they stand.
    return (candidates.length > 1 ? candidates.shift() : candidates[0]) ?? Buffer.from(text)
  }
}

function remember(byText: Map<string, Buffer[]>, text: string, bytes: Buffer): void {
  byText.set(text, [...(byText.get(text) ?? []), bytes])
}

function splitAtNul(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = []
  let start = 0
  for (let end = bytes.indexOf(0); end !== -1; end = bytes.indexOf(0, start)) {
    parts.push(bytes.subarray(start, end))
    start = end + 1
  }
  return parts
}
