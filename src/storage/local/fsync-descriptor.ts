import { fsync } from 'node:fs'

/**
 * `fsync` of a bare descriptor in the thread pool; `node:fs/promises` has it for its own handles
 * only.
 */
export function fsyncDescriptor(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(descriptor, (error) => {
      if (error === null) resolve()
      else reject(error)
    })
  })
}
