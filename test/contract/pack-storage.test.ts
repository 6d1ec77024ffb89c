import { join } from 'node:path'

import { openLocal } from '../../src/storage/local/local-storage.ts'
import { MemoryStorage } from '../../src/storage/memory/memory-storage.ts'
import { describePackStorage } from './pack-storage-contract.ts'

describePackStorage('local', (folder) => openLocal(join(folder, 'repository')))
describePackStorage('memory', () => new MemoryStorage())
