import { readFileSync } from 'node:fs'

import { packageFile } from './installed-files.ts'

const manifest = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as {
  version: string
}

/** Name and version, as snapshots record them. */
export const programName: string = `holdfast ${manifest.version}`
export const programVersion: string = manifest.version
