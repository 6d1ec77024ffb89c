import { appFolder } from './app-folder.ts'
import { compressedFiles } from './compressed-files.ts'
import type { DataSet } from './data-set.ts'
import { generations } from './generations.ts'
import { millionFiles } from './million-files.ts'
import { sourceTree } from './source-tree.ts'
import { vmImage } from './vm-image.ts'

/** In the order of a full run: the one that leaves millions of removed inodes behind comes last. */
export const dataSets: readonly DataSet[] = [
  sourceTree,
  appFolder,
  compressedFiles,
  generations,
  vmImage,
  millionFiles,
]
