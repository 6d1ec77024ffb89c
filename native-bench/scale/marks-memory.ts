/** How much memory the marks of a prune take for so many chunks that all are live: `marks-memory.ts [CHUNKS]`. */
import { PackPlaces } from '../../src/operations/prune/live-places.ts'

const chunks = Number(process.argv[2] ?? 100_000_000)
const chunksPerPack = 256
const chunksPerSegment = 8
const id = new Uint8Array(32)
const packs = new Map<number, PackPlaces>()
for (let chunk = 0; chunk < chunks; chunk++) {
  const row = Math.floor(chunk / chunksPerPack)
  let places = packs.get(row)
  if (!places) packs.set(row, (places = new PackPlaces()))
  const number = chunk % chunksPerPack
  id[0] = chunk & 255
  places.add(Math.floor(number / chunksPerSegment), (number % chunksPerSegment) * 131_072, id)
}
const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
console.log(
  `${chunks} chunks in ${packs.size} packs: ${(rss / 1e6).toFixed(0)} MB, of which ${(heapUsed / 1e6).toFixed(0)} are objects and ${(arrayBuffers / 1e6).toFixed(0)} buffers; ${process.cpuUsage().user / 1e6} s`,
)
