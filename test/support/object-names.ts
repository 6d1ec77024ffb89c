import { createHash } from 'node:crypto'

import type { ObjectFolder } from '../../src/storage/object-name.ts'

/** A name such as an object with these bytes might have; storages do not check hashes. */
export function nameOf(folder: ObjectFolder, text: string): string {
  const digits = folder === 'keys' || folder === 'locks' ? 32 : 64
  return `${folder}/${createHash('sha256').update(text).digest('hex').slice(0, digits)}`
}
