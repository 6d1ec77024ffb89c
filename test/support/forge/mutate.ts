/** Values at which lengths, counts and offsets go wrong. */
const edges = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
]

/**
 * Bytes that begin like good ones and are not: bits and words changed, lengths set to the edges of their types, pieces doubled, moved, cut
 * out or put in from another object.
 *
 * @param random numbers in [0, 1)
 */
export function mutate(bytes: Buffer, others: readonly Buffer[], random: () => number): Buffer {
  let mutant: Buffer = Buffer.from(bytes)
  const below = (limit: number): number => Math.floor(random() * limit)
  for (let turn = 1 + below(4); turn > 0; turn--) mutant = mutateOnce(mutant, others, below)
  return mutant
}

function mutateOnce(
  bytes: Buffer,
  others: readonly Buffer[],
  below: (limit: number) => number,
): Buffer {
  const at = below(bytes.length + 1)
  const length = Math.min(bytes.length - at, 1 + below(below(4) === 0 ? 4096 : 64))
  switch (below(9)) {
    case 0:
      if (at < bytes.length) bytes[at] ^= 1 << below(8)
      return bytes
    case 1:
      if (at < bytes.length) bytes[at] = below(256)
      return bytes
    case 2:
    case 3: {
      // Fields stand at multiples of four, most of them near the start.
      const near = below(2) === 0 ? below(Math.min(128, bytes.length)) : at
      const word = near & ~3
      if (word + 4 <= bytes.length) bytes.writeUInt32LE(edges[below(edges.length)], word)
      return bytes
    }
    case 4:
      return bytes.subarray(0, at)
    case 5:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
    case 6:
      return Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(at, at + length),
        bytes.subarray(at),
      ])
    case 7: {
      const other = others[below(others.length)]
      const from = below(other.length)
      const piece = other.subarray(from, from + 1 + below(256))
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + length)])
    }
    default:
      if (at + 4 <= bytes.length) {
        bytes.writeUInt32LE((bytes.readUInt32LE(at) + [1, -1, 4, -4, 256][below(5)]) >>> 0, at)
      }
      return bytes
  }
}

/** The same for JSON: values of other types, numbers at the edges, names twice, texts cut and nested. */
export function mutateJson(text: string, random: () => number): string {
  const below = (limit: number): number => Math.floor(random() * limit)
  const values = [
    'null',
    'true',
    '-1',
    '0',
    '1e400',
    '9007199254740993',
    '1.5',
    '""',
    '"\\u0000"',
    '"\\ud800"',
    '[]',
    '{}',
    '[[[[[[[[]]]]]]]]',
    '{"__proto__":1}',
    '"../../x"',
    `"${'x'.repeat(below(3000))}"`,
    '{"base64":"AA=="}',
    '{"base64":1}',
  ]
  const value = values[below(values.length)]
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|[[\]{}:,]/g)]
  if (tokens.length === 0) return value
  const token = tokens[below(tokens.length)]
  const [start, end] = [token.index, token.index + token[0].length]
  switch (below(5)) {
    case 0:
      return text.slice(0, start) + text.slice(end)
    case 1:
      return text.slice(0, end) + token[0] + text.slice(end)
    case 2:
      return text.slice(0, below(text.length))
    default:
      return text.slice(0, start) + value + text.slice(end)
  }
}
