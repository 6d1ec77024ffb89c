import picomatch from 'picomatch'

/** With `s`, because a name may hold a line feed, and `**` has to match it, too. */
const options = { dot: true, nonegate: true, noextglob: true, nobrace: true, flags: 's' } as const

/**
 * A glob over whole paths without a leading slash: `*` and `?` stay within a name, `**` crosses directories. The one meaning of patterns in
 * all commands.
 */
export function pathGlob(glob: string, ignoreCase = false): (path: string) => boolean {
  return picomatch(glob, ignoreCase ? { ...options, flags: 'si' } : options)
}

/** The same for one name, as a regular expression: a search tries a million names. */
export function nameGlob(glob: string, ignoreCase = false): RegExp {
  return picomatch.makeRe(glob, ignoreCase ? { ...options, flags: 'si' } : options)
}
