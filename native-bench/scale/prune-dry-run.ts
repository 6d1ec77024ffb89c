/** Marks and plans as a prune of a repository in a bucket does, and removes nothing: `prune-dry-run.ts REPOSITORY CACHE`. */
import { prune } from '../../src/operations/prune/prune.ts'
import { openFarRepository } from './far-repository.ts'

const [, , location, cache] = process.argv
const repository = await openFarRepository(location, cache)
const { packsDeleted, packsRewritten } = await prune(repository, { dryRun: true })
const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
const inMB = (bytes: number): string => (bytes / 1e6).toFixed(0)
console.log(
  `${packsDeleted} packs to delete, ${packsRewritten} to rewrite; ${inMB(rss)} MB at the end, of which ${inMB(heapUsed)} are objects and ${inMB(arrayBuffers)} buffers`,
)
await repository.close()
