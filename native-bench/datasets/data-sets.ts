import { appFolder } from './app-folder.ts'
import type { DataSet } from './data-set.ts'
import { sourceTree } from './source-tree.ts'

export const dataSets: readonly DataSet[] = [sourceTree, appFolder]
