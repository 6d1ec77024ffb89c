import { resolve } from 'node:path'

/** `s3:host/bucket`, `s3://bucket`, `file:///x`: a scheme before the first slash. One letter is not a scheme. */
const scheme = /^[a-z][a-z0-9+.-]+:/i

/** Makes a repository's local path absolute; a location with a scheme stays as it is. */
export function resolveLocation(location: string, folder: string): string {
  return scheme.test(location) ? location : resolve(folder, location)
}
