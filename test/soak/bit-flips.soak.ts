import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  cutObjects,
  flipAndSurvey,
  flipBits,
  swapObjects,
  type CampaignCounts,
} from '../support/raw-damage/damage-campaign.ts'
import { makeDamageSample, type DamageSample } from '../support/raw-damage/damage-sample.ts'
import type { Soak, SoakContext } from './frame/soak.ts'

const cutsMax = 100_000
/** One survey for so many flips: it opens, restores and verifies the whole repository. */
const flipsForOneSurvey = 1000

/** Damage to the bytes of a small repository, with and without encryption. */
export const soak: Soak = {
  proves:
    'every flipped bit, every cut and every swap of objects is found, or harms nothing; nothing is restored wrongly, nothing hangs or crashes',
  takes: 'about 15 min',
  unit: 'bits flipped',
  countDefault: 1_000_000,
  run: async (context) => {
    const figures: Record<string, number> = {}
    let done = 0
    for (const isEncrypted of [false, true]) {
      const folder = join(context.folder, isEncrypted ? 'encrypted' : 'plain')
      const sample = await makeNew(folder, isEncrypted)
      const stranger = await makeNew(`${folder}-stranger`, isEncrypted)
      const name = isEncrypted ? 'encrypted' : 'plain'
      const campaign = {
        random: context.random,
        violation: context.violation,
        isOver: context.isOver,
        scratch: folder,
        onLook: () => context.progress(done, name),
      }
      const flips = await flipBits(sample, Math.floor(context.count / 2), {
        ...campaign,
        onLook: () => context.progress(++done, `${name}: flips`),
      })
      note(figures, `${name}, flips`, flips)
      note(figures, `${name}, cuts`, await cutObjects(sample, cutsMax, campaign))
      const surveys = Math.ceil(flips.looks / flipsForOneSurvey)
      const surveyed = await flipAndSurvey(sample, surveys, campaign)
      note(figures, `${name}, flips with restore and verify`, surveyed)
      const swaps = await swapObjects(sample, stranger.objects, { ...campaign, swapsMax: Infinity })
      note(figures, `${name}, swaps`, swaps)
      checkSound(sample, context)
    }
    return { done, figures }
  },
}

async function makeNew(folder: string, isEncrypted: boolean): Promise<DamageSample> {
  mkdirSync(folder, { recursive: true })
  return await makeDamageSample(folder, isEncrypted)
}

function note(figures: Record<string, number>, name: string, counts: CampaignCounts): void {
  figures[name] = counts.looks
  figures[`${name}: detected`] = counts.detected
  figures[`${name}: not read, right bytes restored`] = counts.right
}

function checkSound(sample: DamageSample, context: SoakContext): void {
  if (sample.objects.size < 8) context.violation('the sample lacks objects')
}
