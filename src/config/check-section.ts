import { LineCounter, isMap, isScalar, type Document, type Node } from 'yaml'

import { isSection, isSectionList, type Rule, type Section, type SectionList } from './schema.ts'

/** One thing in the file that is not allowed; the line counts from 1. */
export interface ConfigProblem {
  readonly line: number
  /** `api.backup.schedule.full_backup_days`. */
  readonly key: string
  /** What stands there, in short. */
  readonly found: string
  readonly allowed: string
}

/** A parsed file together with what turns an offset in it into a line. */
export interface ParsedConfig {
  readonly document: Document.Parsed
  readonly lines: LineCounter
  /** The same content as plain values. */
  readonly content: unknown
}

/**
 * Compares one mapping of the file with its rules.
 *
 * A mapping that is absent or empty (`null`) is right: all its keys have defaults.
 * @param keyPath Where the mapping stands, from the top of the file.
 */
export function checkSection(
  file: ParsedConfig,
  keyPath: readonly string[],
  section: Section,
): ConfigProblem[] {
  const value = valueAt(file.content, keyPath)
  if (value === undefined || value === null) return []
  if (!isMapping(value)) {
    const problem = describe(file, keyPath, value, 'a mapping of keys to values')
    return [section.isSecret ? withoutValue(problem, value) : problem]
  }
  return checkMapping(file, keyPath, value, section)
}

function checkMapping(
  file: ParsedConfig,
  keyPath: readonly string[],
  value: Readonly<Record<string, unknown>>,
  section: Section,
): ConfigProblem[] {
  const missing = (section.needs ?? []).filter((key) => !Object.hasOwn(value, key))
  const problems = missing.map((key) => ({
    ...describe(file, keyPath, value, `a mapping with ${section.needs?.join(', ')}`),
    found: `without ${key}`,
  }))
  const wrong = Object.entries(value).flatMap(([key, inner]) => {
    const innerPath = [...keyPath, key]
    const rule = Object.hasOwn(section.keys, key) ? section.keys[key] : undefined
    if (rule === undefined) return [describeUnknown(file, innerPath, section)]
    if (isSection(rule)) return checkSection(file, innerPath, rule)
    if (isSectionList(rule)) return checkList(file, innerPath, inner, rule)
    return checkValue(file, innerPath, inner, rule)
  })
  return [...problems, ...wrong]
}

function checkList(
  file: ParsedConfig,
  keyPath: readonly string[],
  value: unknown,
  list: SectionList,
): ConfigProblem[] {
  if (value === null) return []
  if (!Array.isArray(value)) return [describe(file, keyPath, value, list.allowed)]
  return value.flatMap((element: unknown, at) => {
    const elementPath = [...keyPath, String(at)]
    if (!isMapping(element)) return [describe(file, elementPath, element, list.allowed)]
    return checkMapping(file, elementPath, element, list.sectionOf(element))
  })
}

/** Compares one value of the file with its rule; an absent one is right, an empty one (`null`) is not. */
export function checkValue(
  file: ParsedConfig,
  keyPath: readonly string[],
  value: unknown,
  rule: Rule,
): ConfigProblem[] {
  if (rule.accepts(value)) return []
  const problem = describe(file, keyPath, value, rule.allowed)
  return [rule.isSecret ? withoutValue(problem, value) : problem]
}

/** Messages end up in logs. */
function withoutValue(problem: ConfigProblem, value: unknown): ConfigProblem {
  return { ...problem, found: value === null || value === '' ? 'empty' : 'something else' }
}

/** The value at a path of keys, undefined when there is none. */
export function valueAt(content: unknown, keyPath: readonly string[]): unknown {
  return keyPath.reduce<unknown>((value, key) => {
    const isContainer = isMapping(value) || Array.isArray(value)
    return isContainer && Object.hasOwn(value, key)
      ? (value as Record<string, unknown>)[key]
      : undefined
  }, content)
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function describe(
  file: ParsedConfig,
  keyPath: readonly string[],
  value: unknown,
  allowed: string,
): ConfigProblem {
  return { line: lineOf(file, keyPath), key: keyPath.join('.'), found: summarize(value), allowed }
}

function describeUnknown(
  file: ParsedConfig,
  keyPath: readonly string[],
  section: Section,
): ConfigProblem {
  return {
    line: lineOf(file, keyPath),
    key: keyPath.join('.'),
    found: 'a key that does not exist',
    allowed: Object.keys(section.keys).join(', '),
  }
}

/** The line of the key, which is where an editor should put the cursor also when the value spans lines. */
function lineOf({ document, lines }: ParsedConfig, keyPath: readonly string[]): number {
  const parent = document.getIn(keyPath.slice(0, -1), true) as Node | undefined
  const mapping = isMap(parent) ? parent : document.contents
  const key = keyPath.at(-1)
  const pair = isMap(mapping)
    ? mapping.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
    : undefined
  // An element of a list has no key.
  const element = pair?.key ?? document.getIn(keyPath, true)
  const offset = (element as Node | undefined)?.range?.[0] ?? 0
  return Math.max(1, lines.linePos(offset).line)
}

const foundCharactersMax = 60

function summarize(value: unknown): string {
  if (value === null) return 'empty'
  const written = typeof value === 'bigint' ? `${value}` : JSON.stringify(value)
  return written.length > foundCharactersMax ? `${written.slice(0, foundCharactersMax)}…` : written
}
