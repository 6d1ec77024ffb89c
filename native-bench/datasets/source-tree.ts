import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { diskUsage, type DiskUsage } from '../harness/disk-usage.ts'
import type { DataSet, PreparedDataSet, PrepareOptions } from './data-set.ts'
import {
  chooseSourcePackages,
  fetchSourcePackages,
  unpackSource,
  type SourcePackage,
} from './debian-source.ts'
import { replaceFolder, editFiles, removeFolder, touchEverything } from './live-folder.ts'
import { closingRows, firstBackup, nothingChanged, titles } from './row.ts'

interface Manifest {
  readonly older: SourcePackage & DiskUsage
  readonly newer: SourcePackage & DiskUsage
}

/**
 * Two versions of the Linux kernel's sources out of Debian's packages: many small files, and a real
 * increment.
 */
export const sourceTree: DataSet = {
  name: 'source-tree',

  prepare(options: PrepareOptions): PreparedDataSet {
    const folder = join(options.benchFolder, 'data', `source-tree-x${options.scale}`)
    // The manifest is written last: without one, an earlier run was cut off.
    if (!existsSync(join(folder, 'manifest.json'))) make(folder, options)
    const { older, newer } = JSON.parse(
      readFileSync(join(folder, 'manifest.json'), 'utf8'),
    ) as Manifest
    return {
      name: 'source-tree',
      description: `${describe(older)}, then ${describe(newer)}`,
      pristineFolder: join(folder, 'older'),
      rounds: 3,
      rows: [
        firstBackup,
        nothingChanged,
        {
          kind: 'backup',
          title: titles.everythingTouched,
          apply: (liveFolder) => {
            editFiles(liveFolder, { share: 0.01, seed: options.seed })
            touchEverything(liveFolder)
          },
        },
        {
          kind: 'backup',
          title: titles.nextVersion,
          apply: (liveFolder) => replaceFolder(join(folder, 'newer'), liveFolder),
        },
        ...closingRows,
      ],
    }
  },
}

function make(folder: string, options: PrepareOptions): void {
  const partialFolder = `${folder}.partial`
  removeFolder(partialFolder)
  removeFolder(folder)
  mkdirSync(partialFolder, { recursive: true })
  const packages = fetchSourcePackages(
    join(options.benchFolder, 'apt', 'source'),
    chooseSourcePackages,
  )
  const [older, newer] = packages.map((sourcePackage, index) => {
    const target = join(partialFolder, index === 0 ? 'older' : 'newer')
    unpackSource(sourcePackage.archivePath, target, options)
    return { name: sourcePackage.name, version: sourcePackage.version, ...diskUsage(target) }
  })
  writeFileSync(join(partialFolder, 'manifest.json'), JSON.stringify({ older, newer }, null, 2))
  renameSync(partialFolder, folder)
}

function describe(source: SourcePackage & DiskUsage): string {
  const files = source.fileCount.toLocaleString('en')
  const megabytes = Math.round(source.byteCount / 1e6).toLocaleString('en')
  return `${source.name} ${source.version} (${files} files, ${megabytes} MB)`
}
