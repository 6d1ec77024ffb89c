import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import {
  decodeJournalRecord,
  encodeJournalRecord,
} from '../../../../src/format/manifest/journal-record.ts'
import type { JournalRecord } from '../../../../src/model/journal-record.ts'
import { errorOf } from '../object/refusals.ts'

const record: JournalRecord = {
  version: 1,
  kind: 'verification',
  atMs: 1_767_225_600_000,
  snapshotId: 'ab'.repeat(32),
  result: 'passed',
  counts: { packs: 3, blobs: 41 },
}

function decode(text: string): JournalRecord | undefined {
  return decodeJournalRecord(Buffer.from(text))
}

describe('encodeJournalRecord()', () => {
  it('writes the pinned text, whatever the order of the fields', () => {
    const text =
      '{"version":1,"kind":"verification","atMs":1767225600000,' +
      `"counts":{"blobs":41,"packs":3},"result":"passed","snapshotId":"${'ab'.repeat(32)}"}`
    expect(encodeJournalRecord(record).toString()).toBe(text)
    const reversed = Object.fromEntries(Object.entries(record).reverse()) as JournalRecord
    expect(encodeJournalRecord(reversed).toString()).toBe(text)
  })

  it.each([
    ['an unknown kind', { kind: 'other' as JournalRecord['kind'] }],
    ['a time that is no number', { atMs: Number.NaN }],
    ['a value that JSON does not have', { count: 1n }],
    ['endless nesting', { loop: loop() }],
  ])('refuses %s', (_name, change) => {
    expect(() => encodeJournalRecord({ ...record, ...change })).toThrow(RangeError)
  })
})

describe('decodeJournalRecord()', () => {
  it('reads back what was written', () => {
    expect(decodeJournalRecord(encodeJournalRecord(record))).toEqual(record)
  })

  it('keeps fields and ignores kinds that it does not know', () => {
    const text = '{"version":1,"kind":"failure","atMs":0,"later":[null,true]}'
    expect(decode(text)).toEqual({ version: 1, kind: 'failure', atMs: 0, later: [null, true] })
    expect(decode('{"version":1,"kind":"later","atMs":0}')).toBeUndefined()
  })

  it.each([
    ['version', '{"version":2,"kind":"failure","atMs":0}'],
    ['kind', '{"version":1,"kind":7,"atMs":0}'],
    ['atMs', '{"version":1,"kind":"failure","atMs":-1}'],
    ['__proto__', '{"version":1,"kind":"failure","atMs":0,"__proto__":{"a":1}}'],
    ['x', '{"version":1,"kind":"failure","atMs":0,"x":[{"__proto__":{"a":1}}]}'],
    ['x', `{"version":1,"kind":"failure","atMs":0,"x":${'['.repeat(40)}${']'.repeat(40)}}`],
  ])('refuses a wrong %s and names it', (field, text) => {
    const error = errorOf(() => decode(text))
    expect(error).toBeInstanceOf(DamageError)
    expect(error).toMatchObject({ facts: { field } })
  })

  it('does not run out of stack on deep nesting', () => {
    const deep = `{"version":1,"kind":"failure","atMs":0,"x":${'['.repeat(1e6)}${']'.repeat(1e6)}}`
    expect(() => decode(deep)).toThrow(DamageError)
  })
})

function loop(): object {
  const value: { self?: object } = {}
  value.self = value
  return value
}
