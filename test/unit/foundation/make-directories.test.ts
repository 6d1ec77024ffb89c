import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeDirectories } from '../../../src/foundation/make-directories.ts'

describe('makeDirectories()', () => {
  let scratch: string
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'holdfast-'))
  })
  afterEach(() => rmSync(scratch, { recursive: true }))

  it('makes what is missing with the mode given and names the uppermost', () => {
    const made = makeDirectories(join(scratch, 'a/b/c'), 0o700)
    expect(made?.toString()).toBe(join(scratch, 'a'))
    expect(statSync(join(scratch, 'a/b/c')).mode & 0o777).toBe(0o700)
  })

  it('says that nothing was made when all is there', () => {
    expect(makeDirectories(`${scratch}/`, 0o700)).toBeUndefined()
  })

  it('takes names that are not UTF-8', () => {
    const path = Buffer.concat([Buffer.from(`${scratch}/`), Buffer.from([0xff, 0xfe])])
    makeDirectories(path, 0o700)
    expect(statSync(path).isDirectory()).toBe(true)
  })

  it('refuses a path below a file', () => {
    writeFileSync(join(scratch, 'file'), '')
    expect(() => makeDirectories(join(scratch, 'file/below'), 0o700)).toThrow('ENOTDIR')
  })

  it('comes back with an error where no directory can be made', () => {
    expect(() => makeDirectories('/proc/holdfast/below', 0o700)).toThrow(/ENOENT|EACCES|EPERM/)
  })
})
