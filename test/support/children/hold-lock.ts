/* `hold-lock.js REPOSITORY`: a process that prunes, as far as others can see, until its standard input ends. */
import { openRepository } from '../../../src/index.ts'
import { acquireLock } from '../../../src/repository/locks.ts'

const repository = await openRepository({ location: process.argv[2] })
const lock = await acquireLock(repository.storage, 'exclusive', 'prune')
process.stdout.write('held')
for await (const _ of process.stdin);
await lock.release()
await repository.close()
