import { createRequire } from 'node:module'

const manifest = createRequire(import.meta.url)('../../package.json') as { version: string }

/** Name and version, as snapshots record them. */
export const programName: string = `holdfast ${manifest.version}`
export const programVersion: string = manifest.version
