import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

import { AnswerCache } from '../../../src/server/answer-cache.ts'

const long = { names: Array.from({ length: 1000 }, (_, number) => `näme ${number}`) }

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer())
}

describe('AnswerCache', () => {
  it('makes an answer once for each version of the catalogue', async () => {
    const cache = new AnswerCache()
    let made = 0
    const ask = (name: string, version: string) =>
      cache.json(name, version, new Headers(), () => ({ made: ++made })).json()
    expect(await ask('a', '1')).toEqual({ made: 1 })
    expect(await ask('a', '1')).toEqual({ made: 1 })
    expect(await ask('b', '1')).toEqual({ made: 2 })
    expect(await ask('a', '2')).toEqual({ made: 3 })
    expect(await ask('a', '1')).toEqual({ made: 4 })
  })

  it('keeps so many that nobody can fill the memory with questions', async () => {
    const cache = new AnswerCache()
    let made = 0
    const ask = (name: number) => cache.json(String(name), '1', new Headers(), () => ++made)
    for (let name = 0; name < 60; name++) ask(name)
    ask(59)
    expect(made).toBe(60)
    ask(0)
    expect(made).toBe(61)
  })

  it('compresses for whoever takes that, and says on what the form depends', async () => {
    const cache = new AnswerCache()
    const asked = (accepted: string) =>
      cache.json('list', '1', new Headers({ 'accept-encoding': accepted }), () => long)
    const plain = asked('identity')
    expect(plain.headers.get('content-encoding')).toBe(null)
    expect(plain.headers.get('vary')).toBe('accept-encoding')
    const plainBytes = await bytesOf(plain)
    expect(JSON.parse(plainBytes.toString())).toEqual(long)
    for (let round = 0; round < 2; round++) {
      const compressed = asked('gzip, deflate')
      expect(compressed.headers.get('content-encoding')).toBe('gzip')
      expect(compressed.headers.get('vary')).toBe('accept-encoding')
      const bytes = await bytesOf(compressed)
      expect(bytes.length).toBeLessThan(plainBytes.length / 3)
      expect(gunzipSync(bytes)).toEqual(plainBytes)
    }
  })

  it('sends what fits into a packet as it is', async () => {
    const headers = new Headers({ 'accept-encoding': 'gzip' })
    const response = new AnswerCache().json('list', '1', headers, () => [])
    expect(response.headers.get('content-encoding')).toBe(null)
    expect(await response.json()).toEqual([])
  })
})
