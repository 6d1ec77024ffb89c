import { startCeph } from '../ceph.ts'

// A process of tests that is going to be killed: it starts an engine, says where it is, and never ends by itself.
const engine = await startCeph()
process.stdout.write(`${JSON.stringify({ folder: engine.folder, access: engine.access })}\n`)
setInterval(() => undefined, 60_000)
