import { describe, expect, it } from 'vitest'
import { decodePathText, encodePathText } from '../../../../src/format/manifest/path-text.ts'

describe('encodePathText()', () => {
  it('writes UTF-8 as text', () => {
    expect(encodePathText(Buffer.from('/größe'))).toBe('/größe')
  })

  it.each(['2fff', '2fc0af', '2feda080'])('writes other bytes as Base64: %s', (hex) => {
    const bytes = Buffer.from(hex, 'hex')
    const path = encodePathText(bytes)
    expect(path).toEqual({ base64: bytes.toString('base64') })
    expect(decodePathText(path)).toEqual(bytes)
  })
})
