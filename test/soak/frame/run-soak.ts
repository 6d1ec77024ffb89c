import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '../../support/faulty-storage.ts'
import { removeTree } from '../../support/remove-tree.ts'
import type { Soak, SoakResult } from './soak.ts'

export interface SoakSettings {
  readonly count?: number
  readonly seed?: number
  /** Time after which no further unit is begun. */
  readonly seconds?: number
  /** Folder in which the scratch folder is made. */
  readonly parent: string
  readonly options?: Readonly<Record<string, string>>
  readonly isKept?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, count: number, text: string) => void
  readonly onViolation?: (message: string) => void
}

export interface SoakReport extends SoakResult {
  readonly count: number
  readonly seed: number
  readonly options: Readonly<Record<string, string>>
  readonly seconds: number
  /** Empty when everything held. */
  readonly violations: readonly string[]
  /** What is left to look at; undefined when it was removed. */
  readonly keptFolder: string | undefined
}

/** Runs a soak to its end, whatever happens in it. */
export async function runSoak(
  name: string,
  soak: Soak,
  settings: SoakSettings,
): Promise<SoakReport> {
  const { count = soak.countDefault, seed = randomSeed(), parent } = settings
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, `holdfast-soak-${name}-`))
  const startedAtMs = performance.now()
  const secondsNow = (): number => (performance.now() - startedAtMs) / 1000
  const violations: string[] = []
  const violation = (message: string): void => {
    violations.push(message)
    settings.onViolation?.(message)
  }
  const options = optionsOf(soak, settings.options ?? {})
  let done = 0
  let result: SoakResult | undefined
  try {
    result = await soak.run({
      count,
      seed,
      random: seededRandom(seed),
      folder,
      option: (key) => options[key] ?? unknownOption(key),
      isOver: () =>
        settings.signal?.aborted === true ||
        (settings.seconds !== undefined && secondsNow() >= settings.seconds),
      progress: (at, text = '') => {
        done = at
        settings.onProgress?.(at, count, text)
      },
      violation,
    })
  } catch (error) {
    violation(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  const isKept = violations.length > 0 || settings.isKept === true
  if (!isKept) removeTree(folder)
  return {
    ...(result ?? { done, figures: {} }),
    count,
    seed,
    options,
    seconds: Math.round(secondsNow() * 10) / 10,
    violations,
    keptFolder: isKept ? folder : undefined,
  }
}

function optionsOf(soak: Soak, given: Readonly<Record<string, string>>): Record<string, string> {
  const options: Record<string, string> = {}
  for (const [key, option] of Object.entries(soak.options ?? {})) options[key] = option.default
  return { ...options, ...given }
}

function unknownOption(key: string): never {
  throw new RangeError(`The soak declares no option "${key}"`)
}

function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 31)
}
