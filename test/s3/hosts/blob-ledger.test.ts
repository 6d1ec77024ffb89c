import { describe, expect, it } from 'vitest'

import { encodeIndexObject } from '../../../src/format/index-object/index-object.ts'
import { encodeCondemnation } from '../../../src/format/manifest/condemnation.ts'
import { encodePackTrailer } from '../../../src/format/pack/pack-trailer.ts'
import { toObjectId } from '../../../src/model/ids.ts'
import { BlobLedger } from './blob-ledger.ts'
import type { HostExchange, HostRun } from './host.ts'

const idOf = (digit: string): string => digit.repeat(64)

function put(name: string, atMs: number, body?: Buffer): HostExchange {
  return exchange('PUT', name, atMs, body)
}

function exchange(method: string, name: string, atMs: number, body?: Buffer): HostExchange {
  return {
    method,
    name,
    path: name,
    query: '',
    act: 'pass',
    startedAtMs: atMs,
    answeredAtMs: atMs + 1,
    status: 200,
    sentBytes: 0,
    receivedBytes: 0,
    body,
  }
}

/** An index object that names a pack with one blob of 100 bytes. */
function index(pack: string, blob: string, atMs: number): HostExchange {
  const trailer = encodePackTrailer({
    payloadBytes: [100],
    plainBytes: [100],
    blobCounts: [1],
    codecs: [0],
    kinds: [0],
    blobLengths: [100],
    ids: Buffer.from(idOf(blob), 'hex'),
  })
  const packId = toObjectId(idOf(pack))
  const entry = { packId, salt: Buffer.alloc(32), packBytes: 4096, trailer }
  return put(`index/${idOf(pack)}`, atMs, encodeIndexObject([entry]))
}

/** A backup that looks at a time for packs and then stores one with a blob. */
function backup(
  pack: string,
  { looksAtMs, blob = 'a', knows = [] }: { looksAtMs: number; blob?: string; knows?: string[] },
): HostRun {
  return run('snapshot', [
    put('locks/1', looksAtMs - 1, Buffer.from(JSON.stringify({ knows: knows.map(idOf) }))),
    exchange('GET', 'packs/', looksAtMs),
    put(`packs/${idOf(pack)}`, looksAtMs + 10),
    index(pack, blob, looksAtMs + 20),
  ])
}

function run(verb: string, exchanges: HostExchange[], wasKilled = false): HostRun {
  return { host: 'host', argv: [verb], exchanges, wasKilled } as unknown as HostRun
}

function condemnation(name: string, pack: string, atMs: number): HostExchange {
  const packs = [toObjectId(idOf(pack))]
  const body = encodeCondemnation({ version: 1, atMs: 0, packs, marked: [] })
  return put(`condemned/${idOf(name)}`, atMs, body)
}

const newLedger = (): BlobLedger => new BlobLedger((_type, _name, bytes) => bytes)

describe('BlobLedger', () => {
  it('allows two backups at once to store the same blob, and counts it', () => {
    const ledger = newLedger()
    const both = [backup('1', { looksAtMs: 0 }), backup('2', { looksAtMs: 5 })]
    expect(ledger.judge(both)).toEqual([])
    expect(ledger.allowed.atOnce).toEqual({ blobs: 1, bytes: 100 })
    expect(ledger.standingTwice()).toEqual({ blobs: 1, bytes: 100, ofBytes: 200 })
  })

  it('names a backup that stores what stood when it looked', () => {
    const ledger = newLedger()
    expect(ledger.judge([backup('1', { looksAtMs: 0 })])).toEqual([])
    const faults = ledger.judge([backup('2', { looksAtMs: 100 })])
    expect(faults).toEqual([expect.stringContaining('had it and could be seen')])
  })

  it('names a backup that stores a blob twice itself', () => {
    const once = backup('1', { looksAtMs: 0 })
    once.exchanges.push(put(`packs/${idOf('2')}`, 30), index('2', 'a', 40))
    expect(newLedger().judge([once])).toEqual([expect.stringContaining('by the same run')])
  })

  it('allows it when what stood was condemned and the backup knew', () => {
    const ledger = newLedger()
    ledger.judge([backup('1', { looksAtMs: 0 }), run('prune', [condemnation('c', '1', 50)])])
    expect(ledger.judge([backup('2', { looksAtMs: 100, knows: ['c'] })])).toEqual([])
    expect(ledger.allowed.condemned.blobs).toBe(1)
    expect(ledger.judge([backup('3', { looksAtMs: 200 })])).toHaveLength(1)
  })

  it('allows it when what stood is gone', () => {
    const ledger = newLedger()
    const gone = exchange('DELETE', `packs/${idOf('1')}`, 50)
    ledger.judge([backup('1', { looksAtMs: 0 }), run('prune', [gone])])
    expect(ledger.judge([backup('2', { looksAtMs: 100 })])).toEqual([])
    expect(ledger.allowed.atOnce.blobs).toBe(0)
  })

  it('lets a prune move a blob from where it condemns it, and from nowhere else', () => {
    const moves = [put(`packs/${idOf('2')}`, 100), index('2', 'a', 110)]
    const ledger = newLedger()
    ledger.judge([backup('1', { looksAtMs: 0 })])
    expect(ledger.judge([run('prune', [...moves, condemnation('c', '1', 120)])])).toEqual([])
    expect(ledger.allowed.moved.blobs).toBe(1)

    const other = newLedger()
    other.judge([backup('1', { looksAtMs: 0 })])
    expect(other.judge([run('prune', moves)])).toEqual([
      expect.stringContaining('nothing that has it was condemned'),
    ])

    const cut = newLedger()
    cut.judge([backup('1', { looksAtMs: 0 })])
    expect(cut.judge([run('prune', moves, true)])).toEqual([])
    expect(cut.allowed.halfMoved.blobs).toBe(1)
  })
})
