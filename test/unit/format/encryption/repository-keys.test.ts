import { blake3 } from '@noble/hashes/blake3.js'
import { describe, expect, it } from 'vitest'
import { deriveRepositoryKeys } from '../../../../src/format/encryption/repository-keys.ts'
import { masterSecret } from '../object/fixed-repository.ts'

const keys = deriveRepositoryKeys(masterSecret)

describe('deriveRepositoryKeys()', () => {
  it('derives each key under its context', () => {
    const contexts = {
      dataIdKey: 'holdfast v1 data blob id',
      treeIdKey: 'holdfast v1 tree blob id',
      chunkerSecret: 'holdfast v1 chunker',
      frameRootKey: 'holdfast v1 frame',
      configKey: 'holdfast v1 config',
    }
    for (const [name, context] of Object.entries(contexts)) {
      const expected = Buffer.from(blake3(masterSecret, { context: Buffer.from(context) }))
      const key = keys[name as keyof typeof keys]
      expect(expected.equals(key), name).toBe(true)
    }
  })

  it('keeps to the pinned values', () => {
    expect(Object.values(keys).map((key: Uint8Array) => Buffer.from(key).toString('hex'))).toEqual([
      'bdb3ab74d15295b32324c3fd70b1577b1fe2a46eeb1f7e39526bb2b0617ce48c',
      '0fc3d6108b4625715e23c356a9284bca3769645139703ab6abbf6f6c77e1cb34',
      '769eae580da0b95e08a6a77b6dfa9ae462608d5d55a90ee63c993627d5e7a249',
      '635811e030d6dff15ff2da7e99ff4797e5f6a8928c79473429c3c06c69ad40c1',
      '301bdfc85fe2b0c3246ec5770f79142752067be3960386a9ab74eeb1ab9130e7',
    ])
  })

  it('survives a structured clone without taking other memory along', () => {
    const clone = structuredClone(keys)
    for (const name of Object.keys(keys) as (keyof typeof keys)[]) {
      expect(Buffer.from(keys[name]).equals(clone[name]), name).toBe(true)
      expect(clone[name].buffer.byteLength, name).toBe(32)
    }
  })

  it('refuses a secret of another length', () => {
    expect(() => deriveRepositoryKeys(new Uint8Array(31))).toThrow(RangeError)
  })
})
