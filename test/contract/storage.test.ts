import { openLocal } from '../../src/storage/local/local-storage.ts'
import { MemoryStorage } from '../../src/storage/memory/memory-storage.ts'
import { FaultyStorage } from '../support/faulty-storage.ts'
import { describeStorage } from './storage-contract.ts'

describeStorage('local', (folder) => openLocal(folder))
describeStorage('memory', () => new MemoryStorage())
describeStorage('faulty (without a fault)', (folder) => new FaultyStorage(openLocal(folder), []))
