import { describe, expect, it } from 'vitest'

import { EventReader } from '../../../../src/server/dashboard/api/event-reader.ts'
import { axisTicks } from '../../../../src/server/dashboard/charts/chart-scale.ts'
import { configRows } from '../../../../src/server/dashboard/pages/config-rows.ts'
import {
  ancestors,
  joinPath,
  parentOf,
} from '../../../../src/server/dashboard/pages/files/file-path.ts'
import {
  imageTypeOf,
  previewText,
} from '../../../../src/server/dashboard/pages/files/preview-content.ts'
import { resultFacts, waitingText } from '../../../../src/server/dashboard/pages/jobs/job-text.ts'
import { hrefTo, parseRoute } from '../../../../src/server/dashboard/state/address.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('addresses of the dashboard', () => {
  it('lead back to what they were made of', () => {
    const name = '/a b/ü/100%/<x>?&#/\u202e'
    const { page, rest, query } = parseRoute(hrefTo(['files', 'id/with slash'], { path: name }))
    expect([page, rest, query.get('path')]).toEqual(['files', ['id/with slash'], name])
  })

  it('that are broken lead somewhere all the same', () => {
    expect(parseRoute('').page).toBe('overview')
    expect(parseRoute('#/files/%E0%A4%A').rest).toEqual(['%E0%A4%A'])
  })
})

describe('paths of files', () => {
  const root = { text: '/', base64: null }

  it('are joined as text where they are text', () => {
    const etc = joinPath(root, { name: 'etc', name_base64: null })
    expect(etc).toEqual({ text: '/etc', base64: null })
    expect(joinPath(etc, { name: 'hosts', name_base64: null }).text).toBe('/etc/hosts')
    expect(parentOf({ text: '/etc/hosts', base64: null }).text).toBe('/etc')
    expect(parentOf(root).text).toBe('/')
  })

  it('keep every byte where they are not', () => {
    const odd = joinPath(root, {
      name: 'b\\xffd',
      name_base64: Buffer.from([0x62, 0xff]).toString('base64'),
    })
    const inner = joinPath(odd, { name: 'ü', name_base64: null })
    const hex = Buffer.from(inner.base64 ?? '', 'base64').toString('hex')
    expect(hex).toBe(Buffer.from([0x2f, 0x62, 0xff, 0x2f, 0xc3, 0xbc]).toString('hex'))
    expect(parentOf(inner).base64).toBe(odd.base64)
    expect(ancestors(inner).map(({ name }) => name)).toEqual(['/', 'b\\xffd', 'ü'])
  })
})

describe('a look into a file', () => {
  it('shows pictures only of kinds that hold no script', () => {
    expect(imageTypeOf(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0))).toBe(
      'image/png',
    )
    expect(imageTypeOf(bytes('RIFF....WEBPVP8 '))).toBe('image/webp')
    expect(imageTypeOf(bytes('<svg xmlns="http://www.w3.org/2000/svg">'))).toBeUndefined()
    expect(imageTypeOf(bytes('<html>'))).toBeUndefined()
  })

  it('shows text as text, with controls made visible', () => {
    expect(previewText(bytes('a\tb\nc\u001b[31m\u202e'))).toBe('a\tb\nc␛[31m\\u202e')
    expect(previewText(Uint8Array.of(0x61, 0, 0x62))).toBeUndefined()
    expect(previewText(Uint8Array.of(0xff, 0xfe, 0x61, 0x62, 0x63, 0x64))).toBeUndefined()
    // The last character is cut by the end of what was read.
    expect(previewText(bytes('grüß').subarray(0, 5))).toBe('grü')
  })
})

describe('server-sent events', () => {
  it('are read from pieces that end anywhere', () => {
    const text =
      ': hello\n\nevent: job\ndata: {"id":1}\n\nevent: alert\r\ndata: a\r\ndata: b\r\n\r\n'
    for (let size = 1; size < text.length; size++) {
      const reader = new EventReader()
      const found = []
      for (let at = 0; at < text.length; at += size)
        found.push(...reader.read(text.slice(at, at + size)))
      expect(found).toEqual([
        { event: 'job', data: '{"id":1}' },
        { event: 'alert', data: 'a\nb' },
      ])
    }
  })
})

describe('what is drawn of numbers and settings', () => {
  it('has round steps on an axis', () => {
    expect(axisTicks(0)).toEqual([0])
    expect(axisTicks(9)).toEqual([0, 5])
    expect(axisTicks(3.9 * 1024 ** 2, 1024).map((tick) => tick / 1024 ** 2)).toEqual([0, 1, 2, 3])
    for (const most of [1, 7, 99, 1234, 5e9]) {
      const ticks = axisTicks(most, 1024)
      expect(ticks.length).toBeLessThanOrEqual(5)
      expect(ticks.length).toBeGreaterThan(1)
    }
  })

  it('has a row for each setting and a fact for each result', () => {
    expect(configRows({ a: { b: [1, 2], c: null }, d: [{ e: true }] })).toEqual([
      { key: 'a.b', value: '1, 2' },
      { key: 'a.c', value: 'not set' },
      { key: 'd[0].e', value: 'true' },
    ])
    expect(
      resultFacts({ files_restored: 1200, bytes_written: 2048, ok: true, empty: '', of: { x: 1 } }),
    ).toEqual([
      ['files restored', '1,200'],
      ['bytes written', '2.0 KiB'],
      ['ok', 'yes'],
    ])
  })

  it('names whom a job waits for, and shows nothing of it that could be drawn as something else', () => {
    const holder = {
      operation: 'prune',
      pid: 7,
      hostname: 'back\u202eup',
      message: 'its lock cannot be read',
    }
    expect(waitingText(holder)).toBe('waiting for prune by process 7 on back\\u202eup')
    expect(waitingText({ ...holder, operation: '' })).toBe('its lock cannot be read')
  })
})
