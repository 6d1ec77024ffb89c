/** Cost of Argon2id. */
export interface KdfParameters {
  /** 8,192 to 1,048,576. */
  readonly memoryKiB: number
  /** 1 to 16. */
  readonly passes: number
  /** 1 to 16. */
  readonly lanes: number
}

/**
 * Bounds of docs/FORMAT.md, section 4: whoever can write a slot must not be able to stop the reader
 * with it.
 */
export const kdfBounds = {
  memoryKiB: { min: 8_192, max: 1_048_576 },
  passes: { min: 1, max: 16 },
  lanes: { min: 1, max: 16 },
} as const

/** Says which parameter is out of bounds, or undefined. */
export function kdfProblem(parameters: KdfParameters): string | undefined {
  for (const name of ['memoryKiB', 'passes', 'lanes'] as const) {
    const { min, max } = kdfBounds[name]
    const value = parameters[name]
    if (!Number.isInteger(value) || value < min || value > max) {
      return `${name} is ${value}, not within ${min} to ${max}`
    }
  }
  return undefined
}
