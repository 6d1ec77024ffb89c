import { existsSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

import { humanBytes } from '../../foundation/human.ts'
import { fine, problem, warning, type Finding } from './finding.ts'

const nodeMin = [20, 19] as const
const gibibyte = 1024 ** 3

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  const isOld = major < nodeMin[0] || (major === nodeMin[0] && minor < nodeMin[1])
  const message = `Node ${version}`
  return isOld
    ? problem('node', `${message} is too old`, `Install Node ${nodeMin.join('.')} or later`)
    : fine('node', message)
}

/** @param path of a file or folder; one that is not there yet counts as its nearest folder that is */
export function checkSpace(what: string, path: string): Finding {
  let folder = path
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder)
  try {
    return judgeSpace(what, statfsSync(folder))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return warning('disk space', `${what}: cannot be looked at (${code})`, `Check ${folder}`)
  }
}

interface Space {
  readonly bsize: number
  readonly blocks: number
  readonly bavail: number
  readonly files: number
  readonly ffree: number
}

export function judgeSpace(what: string, { bsize, blocks, bavail, files, ffree }: Space): Finding {
  const freeBytes = bavail * bsize
  const share = blocks === 0 ? 1 : bavail / blocks
  const inodes = files === 0 ? 1 : ffree / files
  const message = `${what}: ${humanBytes(freeBytes)} free (${Math.floor(share * 100)} %)`
  const fix = 'Free space: `holdfast cleanup`, `holdfast prune`, or a larger disk (`df -h`)'
  if (inodes < 0.01) return problem('disk space', `${what}: no room for more files`, 'See `df -i`')
  if (freeBytes < gibibyte / 10 || share < 0.01) return problem('disk space', message, fix)
  if (freeBytes < gibibyte || share < 0.05) return warning('disk space', message, fix)
  return fine('disk space', message)
}

/** A secret that others may read, or a file that others may change, is nobody's own any more. */
export function checkPrivate(what: string, path: string): Finding {
  let mode: number
  try {
    ;({ mode } = statSync(path))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return problem('permissions', `${what} "${path}" cannot be read (${code})`, `Check ${path}`)
  }
  if ((mode & 0o077) === 0) return fine('permissions', `${what} is for its owner alone`)
  return problem(
    'permissions',
    `${what} "${path}" is open to others (mode ${(mode & 0o777).toString(8)})`,
    `chmod go= ${path}`,
  )
}

export function checkWritableByOthers(what: string, path: string): Finding {
  try {
    const { mode } = statSync(path)
    if ((mode & 0o022) === 0)
      return fine('permissions', `${what} can be changed by its owner alone`)
    return warning(
      'permissions',
      `${what} "${path}" can be changed by others (mode ${(mode & 0o777).toString(8)})`,
      `chmod go-w ${path}`,
    )
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return problem(
      'permissions',
      `${what} "${path}" cannot be looked at (${code})`,
      `Check ${path}`,
    )
  }
}
