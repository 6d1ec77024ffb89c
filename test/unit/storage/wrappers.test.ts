import { describe, expect, it } from 'vitest'

import { MemoryStorage } from '../../../src/storage/memory/memory-storage.ts'
import { openStorage } from '../../../src/storage/open-storage.ts'
import { ReadOnlyStorage } from '../../../src/storage/wrappers/read-only-storage.ts'
import { codeOf } from '../../support/error-codes.ts'
import { FaultyStorage, randomFaults } from '../../support/faulty-storage.ts'
import type { Fault } from '../../support/faulty-storage.ts'
import { nameOf } from '../../support/object-names.ts'

const pack = nameOf('packs', 'a')
const bytes = Buffer.from('0123456789')

describe('ReadOnlyStorage', () => {
  it('reads as the storage behind it', async () => {
    const memory = new MemoryStorage()
    await memory.put(pack, bytes)
    const storage = new ReadOnlyStorage(memory)
    expect(await storage.get(pack)).toEqual(bytes)
    expect(await storage.getRange(pack, 2, 3)).toEqual(Buffer.from('234'))
    expect((await storage.stat(pack)).bytes).toBe(10)
    expect(await storage.list('packs')).toEqual([{ name: pack, bytes: 10 }])
    expect(await storage.listNames('packs')).toEqual([pack])
    expect(storage.capabilities).toEqual({ ...memory.capabilities, writable: false })
  })

  it('refuses every write and changes nothing', async () => {
    const memory = new MemoryStorage()
    await memory.put(pack, bytes)
    const storage = new ReadOnlyStorage(memory)
    const codes = [
      await codeOf(storage.prepare()),
      await codeOf(storage.put(nameOf('packs', 'b'), bytes)),
      await codeOf(storage.putFile(nameOf('packs', 'b'), '/none')),
      await codeOf(storage.delete(pack)),
      await codeOf(storage.sync('packs')),
    ]
    expect(codes).toEqual(new Array(5).fill('STORAGE_FAILED'))
    expect(await memory.listNames('packs')).toEqual([pack])
  })
})

describe('openStorage()', () => {
  it('takes a path for a folder, and a colon behind a scheme for another kind', async () => {
    expect(openStorage('some/folder').capabilities.kind).toBe('local')
    expect(openStorage('./odd:name').capabilities.kind).toBe('local')
    expect(openStorage('/a:b').capabilities.kind).toBe('local')
    expect(openStorage('memory:').capabilities.kind).toBe('memory')
    expect(await codeOf((async () => openStorage('gopher://host/path'))())).toBe('USAGE')
  })
})

describe('FaultyStorage', () => {
  const withFault = async (fault: Omit<Fault, 'nth'>): Promise<[FaultyStorage, MemoryStorage]> => {
    const memory = new MemoryStorage()
    await memory.put(pack, bytes)
    return [new FaultyStorage(memory, [{ ...fault, nth: 1 }]), memory]
  }
  const other = nameOf('packs', 'b')

  it('fails the call that was named and no other', async () => {
    const storage = new FaultyStorage(new MemoryStorage(), [
      { call: 'put', nth: 2, effect: 'fail' },
    ])
    await storage.put(pack, bytes)
    expect(await codeOf(storage.put(other, bytes))).toBe('STORAGE_FAILED')
    await storage.put(other, bytes)
    expect(storage.calls).toEqual([`put ${pack}`, `put ${other}`, `put ${other}`])
    expect(storage.met).toEqual([{ call: 'put', nth: 2, effect: 'fail' }])
  })

  it('does what each effect says', async () => {
    const [full] = await withFault({ call: 'put', effect: 'full' })
    expect(await codeOf(full.put(other, bytes))).toBe('STORAGE_FULL')
    const [after, afterMemory] = await withFault({ call: 'put', effect: 'fail-after' })
    expect(await codeOf(after.put(other, bytes))).toBe('STORAGE_FAILED')
    expect(await afterMemory.get(other)).toEqual(bytes)
    const [drop, dropMemory] = await withFault({ call: 'put', effect: 'drop' })
    await drop.put(other, bytes)
    expect(await codeOf(dropMemory.get(other))).toBe('OBJECT_MISSING')
    const [short] = await withFault({ call: 'getRange', effect: 'short' })
    expect(await short.getRange(pack, 0, 5)).toEqual(Buffer.from('0123'))
    const [flip] = await withFault({ call: 'get', effect: 'flip' })
    const flipped = await flip.get(pack)
    const bits = (byte: number): number => byte.toString(2).replaceAll('0', '').length
    let different = 0
    for (const [index, byte] of flipped.entries()) different += bits(byte ^ bytes[index])
    expect(different).toBe(1)
  })

  it('draws equal faults from equal seeds', () => {
    const options = { count: 20, nthMax: 100 }
    expect(randomFaults(7, options)).toEqual(randomFaults(7, options))
    expect(randomFaults(7, options)).not.toEqual(randomFaults(8, options))
  })
})
