import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type * as KeySlotModule from '../../src/format/encryption/key-slot.ts'
import type * as KeySlotTextModule from '../../src/format/text-object/key-slot-text.ts'
import { engine, engineModule } from './built-engine.ts'

const { createKeySlot } = await engineModule<typeof KeySlotModule>('format/encryption/key-slot')
const { encodeKeySlot } = await engineModule<typeof KeySlotTextModule>(
  'format/text-object/key-slot-text',
)

export const passphrase = 'correct horse battery staple'

/** Replaces the key slot by one for the same passphrase with the cheapest parameters: tests open repositories thousands of times. */
export async function cheapenKey(
  location: string,
  cacheDirectory = `${location}-cache`,
): Promise<void> {
  const repository = await engine.openRepository({ location, cacheDirectory, passphrase })
  const { masterSecret, repositoryId } = repository
  await repository.close()
  const slot = await createKeySlot({
    passphrase,
    masterSecret,
    repositoryId,
    label: 'cheap',
    createdAtMs: Date.now(),
    parameters: { memoryKiB: 8192, passes: 1, lanes: 1 },
  })
  const keys = join(location, 'keys')
  for (const name of readdirSync(keys)) rmSync(join(keys, name))
  writeFileSync(join(keys, slot.slotId), encodeKeySlot(slot))
}
