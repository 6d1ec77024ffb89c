import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  busyThreads,
  requestSizeFor,
  type RequestSize,
} from '../../../../src/operations/restore/restore-batch.ts'

const MiB = 1024 * 1024
const nothing: RequestSize = { files: 0, bytes: 0 }

/** The sizes of all requests of a restore of files that are equally long. */
function requestsOf(files: number, fileBytes: number, threads: number): RequestSize[] {
  const expected = { files, bytes: files * fileBytes }
  const requests: RequestSize[] = []
  for (let done = 0; done < files;) {
    const size = requestSizeFor(expected, { files: done, bytes: done * fileBytes }, threads)
    let count = 0
    while (done + count < files && count < size.files && count * fileBytes < size.bytes) count += 1
    requests.push({ files: count, bytes: count * fileBytes })
    done += count
  }
  return requests
}

describe('requestSizeFor()', () => {
  it('is at least 512 files and 8 MiB, and at most 4,096 files and 128 MiB', () => {
    expect(requestSizeFor({ files: 1, bytes: 1 }, nothing, 2)).toEqual({
      files: 512,
      bytes: 8 * MiB,
    })
    expect(requestSizeFor({ files: 1e7, bytes: 1e12 }, nothing, 2)).toEqual({
      files: 4096,
      bytes: 128 * MiB,
    })
  })

  it('gives each thread half of its part, and smaller ones at the end', () => {
    const expected = { files: 12_000, bytes: 240 * MiB }
    expect(requestSizeFor(expected, nothing, 2)).toEqual({ files: 3000, bytes: 60 * MiB })
    const half = { files: 6000, bytes: 120 * MiB }
    expect(requestSizeFor(expected, half, 2)).toEqual({ files: 1500, bytes: 30 * MiB })
    const most = { files: 11_900, bytes: 239 * MiB }
    expect(requestSizeFor(expected, most, 2)).toEqual({ files: 1024, bytes: 16 * MiB })
  })

  it('tells files from bytes: a few long files make requests of their own', () => {
    const expected = { files: 20, bytes: 1000 * MiB }
    expect(requestSizeFor(expected, nothing, 4)).toEqual({ files: 512, bytes: 125 * MiB })
  })

  it('goes on when there was more to do than was expected', () => {
    const expected = { files: 100, bytes: MiB }
    const done = { files: 5000, bytes: 500 * MiB }
    expect(requestSizeFor(expected, done, 2)).toEqual({ files: 512, bytes: 8 * MiB })
  })

  it.each([0, 1, 2, 8])('keeps its bounds, and never grows (%i threads)', (threads) => {
    const counts = fc.record({
      files: fc.integer({ min: 1, max: 60_000 }),
      fileBytes: fc.integer({ min: 1, max: 100_000 }),
    })
    fc.assert(
      fc.property(counts, ({ files, fileBytes }) => {
        const requests = requestsOf(files, fileBytes, threads)
        for (const [index, request] of requests.entries()) {
          expect(request.files).toBeLessThanOrEqual(4096)
          expect(request.bytes).toBeLessThanOrEqual(128 * MiB + fileBytes)
          if (index > 0) expect(request.files).toBeLessThanOrEqual(requests[index - 1].files)
        }
        const small = Math.ceil(files / 512) + Math.ceil((files * fileBytes) / (8 * MiB))
        expect(requests.length).toBeLessThanOrEqual(small)
      }),
      { numRuns: 100 },
    )
  })

  it('gives all threads something to do, and none of them much at the end', () => {
    const requests = requestsOf(79_000, 12_000, 2)
    expect(requests.length).toBeGreaterThan(10)
    expect(requests.at(-1)?.files).toBeLessThanOrEqual(1024)
  })
})

describe('busyThreads()', () => {
  const mebibyte = 1024 * 1024

  it('counts no thread that might get no request', () => {
    expect(busyThreads({ files: 0, bytes: 0 })).toBe(0)
    expect(busyThreads({ files: 4_095, bytes: 127 * mebibyte })).toBe(0)
    expect(busyThreads({ files: 4_096, bytes: 0 })).toBe(1)
    expect(busyThreads({ files: 1, bytes: 300 * mebibyte })).toBe(2)
    for (const files of [5_000, 10_000, 50_000]) {
      const done = { files: 0, bytes: 0 }
      let requests = 0
      for (; done.files < files; requests++) {
        done.files += requestSizeFor({ files, bytes: 0 }, done, 64).files
      }
      expect(busyThreads({ files, bytes: 0 })).toBeLessThanOrEqual(requests)
    }
  })
})
