import { describe, expect, it } from 'vitest'
import { seededRandom } from '../support/faulty-storage.ts'
import {
  cutObjects,
  flipAndSurvey,
  flipBits,
  swapObjects,
  type Campaign,
  type CampaignCounts,
} from '../support/raw-damage/damage-campaign.ts'
import { makeDamageSample } from '../support/raw-damage/damage-sample.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

/** The same, every time; `npm run soak -- bit-flips` flips all bits and swaps all objects. */
async function damage(isEncrypted: boolean): Promise<{
  violations: string[]
  counts: Record<'flips' | 'cuts' | 'surveys' | 'swaps', CampaignCounts>
}> {
  const scratch = scratchFolder(fastFolder)
  const sample = await makeDamageSample(scratch, isEncrypted)
  const stranger = await makeDamageSample(scratchFolder(fastFolder), isEncrypted)
  const violations: string[] = []
  const campaign: Campaign & { scratch: string } = {
    random: seededRandom(1),
    violation: (message) => violations.push(message),
    isOver: () => false,
    scratch,
  }
  const counts = {
    flips: await flipBits(sample, 600, campaign),
    cuts: await cutObjects(sample, 150, campaign),
    surveys: await flipAndSurvey(sample, 2, campaign),
    swaps: await swapObjects(sample, stranger.objects, { ...campaign, swapsMax: 5 }),
  }
  return { violations, counts }
}

describe('damage to the bytes of a repository', () => {
  it.each([false, true])(
    'is found or harmless, whichever bit, length or object (encrypted: %s)',
    async (isEncrypted) => {
      const { violations, counts } = await damage(isEncrypted)
      expect(violations).toEqual([])
      for (const { looks, detected } of Object.values(counts)) {
        expect(looks).toBeGreaterThan(1)
        expect(detected).toBeGreaterThan(0)
      }
    },
    180_000,
  )
})
