/** Marsaglia's xorshift32, low byte first: bytes that any language can repeat. `seed` is not 0. */
export function xorshiftBytes(lengthBytes: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(lengthBytes / 4))
  const next = xorshift(seed)
  for (let index = 0; index < words.length; index++) words[index] = next()
  return new Uint8Array(words.buffer, 0, lengthBytes)
}

/** The same numbers one by one. */
export function xorshift(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

type Sample = (lengthBytes: number, seed: number) => Uint8Array

const samples = {
  random: xorshiftBytes,
  fewValues: (lengthBytes, seed) =>
    xorshiftBytes(lengthBytes, seed).map((byte) => byte & (seed % 2 === 0 ? 1 : 0x81)),
  repeated: (lengthBytes, seed) => {
    const period = xorshiftBytes(1 + (seed % 300), seed)
    return new Uint8Array(lengthBytes).map((_, index) => period[index % period.length])
  },
  constant: (lengthBytes, seed) => new Uint8Array(lengthBytes).fill(seed),
  counters: (lengthBytes, seed) => {
    const words = Uint32Array.from(
      { length: Math.ceil(lengthBytes / 4) },
      (_, index) => index + seed,
    )
    return new Uint8Array(words.buffer, 0, lengthBytes)
  },
  text: (lengthBytes, seed) => {
    const next = xorshift(seed)
    let text = ''
    while (text.length < lengthBytes) {
      text += `12:${next() % 60} worker ${next() % 4} took ${next() % 900} ms\n`
    }
    return Buffer.from(text.slice(0, lengthBytes), 'latin1')
  },
} satisfies Record<string, Sample>

export type SampleKind = keyof typeof samples
export const sampleKinds: readonly SampleKind[] = [
  'random',
  'fewValues',
  'repeated',
  'constant',
  'counters',
  'text',
]

/** Bytes of one kind, the same for the same seed. */
export function sampleBytes(kind: SampleKind, lengthBytes: number, seed: number): Uint8Array {
  return samples[kind](lengthBytes, seed)
}
