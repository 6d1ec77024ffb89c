import { describe, expect, it } from 'vitest'
import { ExcludeRules } from '../../../../src/filesystem/scan/exclude-rules.ts'

describe('ExcludeRules', () => {
  const cases: [string[], string, boolean, boolean][] = [
    [['*.log'], '/a.log', false, true],
    [['*.log'], '/x/y/a.log', false, true],
    [['*.log'], '/x/y/a.logs', false, false],
    [['node_modules'], '/x/node_modules', true, true],
    [['/home/*'], '/home/u', true, true],
    [['/home/*'], '/x/home/u', true, false],
    [['a/b'], '/x/a/b', false, true],
    [['a/b'], '/x/a/c/b', false, false],
    [['a/**/b'], '/x/a/c/d/b', false, true],
    [['build/'], '/x/build', false, false],
    [['build/'], '/x/build', true, true],
    [['*.log', '!keep.log'], '/x/keep.log', false, false],
    [['!keep.log', '*.log'], '/x/keep.log', false, true],
    [['[ab].txt'], '/b.txt', false, true],
    [['.git'], '/x/.git', true, true],
    [['a{b,c}'], '/ab', false, false],
    [['', '# note'], '/# note', false, false],
  ]
  for (const [patterns, path, isDirectory, expected] of cases) {
    it(`${JSON.stringify(patterns)} ${expected ? 'excludes' : 'keeps'} ${path}`, () => {
      expect(new ExcludeRules(patterns).excludes(path, isDirectory)).toBe(expected)
    })
  }
})
