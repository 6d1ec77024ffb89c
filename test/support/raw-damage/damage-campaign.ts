import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { surveyRepository } from './command-probe.ts'
import { resetObjects, type DamageSample } from './damage-sample.ts'
import { ObjectProbe, type ProbeOutcome } from './object-probe.ts'

export interface Campaign {
  readonly random: () => number
  readonly violation: (message: string) => void
  /** Asked between two looks. */
  readonly isOver: () => boolean
  readonly onLook?: () => void
}

export interface CampaignCounts {
  looks: number
  detected: number
  /** The damage touched nothing that a restore reads; a check tells of it all the same. */
  right: number
}

/** A look that takes longer than this hangs; the slowest derive a key with the real parameters. */
const lookMs = 10_000

export function bitsOf(sample: DamageSample): number {
  return [...sample.objects.values()].reduce((sum, bytes) => sum + bytes.length * 8, 0)
}

/** Flips single bits of every object: all of them, or an even share of `flipsMax`, drawn. */
export async function flipBits(
  sample: DamageSample,
  flipsMax: number,
  campaign: Campaign,
): Promise<CampaignCounts> {
  const share = Math.min(1, flipsMax / bitsOf(sample))
  return await probeObjects(sample, campaign, async function* (probe, bytes) {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      if (share < 1 && campaign.random() >= share) continue
      yield await probe.flip(bit)
    }
  })
}

/** Cuts every object to every length, or to an even share of `cutsMax` lengths. */
export async function cutObjects(
  sample: DamageSample,
  cutsMax: number,
  campaign: Campaign,
): Promise<CampaignCounts> {
  const share = Math.min(1, (cutsMax * 8) / bitsOf(sample))
  return await probeObjects(sample, campaign, async function* (probe, bytes) {
    for (let length = 0; length < bytes.length; length++) {
      if (share < 1 && campaign.random() >= share) continue
      yield await probe.truncate(length)
    }
  })
}

async function probeObjects(
  sample: DamageSample,
  campaign: Campaign,
  looksAt: (probe: ObjectProbe, bytes: Buffer) => AsyncGenerator<ProbeOutcome>,
): Promise<CampaignCounts> {
  const counts: CampaignCounts = { looks: 0, detected: 0, right: 0 }
  const repository = await sample.open()
  try {
    for (const [name, bytes] of sample.objects) {
      const probe = new ObjectProbe(sample, repository, name)
      try {
        await takeAll(looksAt(probe, bytes), name, campaign, counts)
      } finally {
        probe.close()
      }
    }
  } finally {
    await repository.close()
  }
  return counts
}

async function takeAll(
  looks: AsyncGenerator<ProbeOutcome>,
  name: string,
  campaign: Campaign,
  counts: CampaignCounts,
): Promise<void> {
  for (;;) {
    if (campaign.isOver()) return
    const startedAtMs = performance.now()
    try {
      const next = await looks.next()
      if (next.done === true) return
      counts[next.value] += 1
    } catch (error) {
      campaign.violation(error instanceof Error ? error.message : String(error))
      return
    }
    counts.looks += 1
    campaign.onLook?.()
    if (performance.now() - startedAtMs > lookMs)
      campaign.violation(`${name}: a look takes too long`)
  }
}

/** Flips bits anywhere and does all that an operator would do, each time. */
export async function flipAndSurvey(
  sample: DamageSample,
  flips: number,
  campaign: Campaign & { readonly scratch: string },
): Promise<CampaignCounts> {
  const counts: CampaignCounts = { looks: 0, detected: 0, right: 0 }
  const bits = bitsOf(sample)
  while (counts.looks < flips && !campaign.isOver()) {
    let at = Math.floor(campaign.random() * bits)
    for (const [name, bytes] of sample.objects) {
      if (at >= bytes.length * 8) {
        at -= bytes.length * 8
        continue
      }
      const damaged = Buffer.from(bytes)
      damaged[at >> 3] ^= 1 << (at & 7)
      writeFileSync(join(sample.location, name), damaged)
      await surveyAndReset(sample, `${name} with bit ${at} flipped`, campaign, counts)
      break
    }
  }
  return counts
}

/** Puts every object in the place of every other one, or draws exactly `swapsMax` of these. */
export async function swapObjects(
  sample: DamageSample,
  strangers: ReadonlyMap<string, Buffer>,
  campaign: Campaign & { readonly scratch: string; readonly swapsMax: number },
): Promise<CampaignCounts> {
  const counts: CampaignCounts = { looks: 0, detected: 0, right: 0 }
  for (const swap of drawn(swapsOf(sample, strangers), campaign.swapsMax, campaign.random)) {
    if (campaign.isOver()) break
    writeFileSync(join(sample.location, swap.name), swap.bytes)
    await surveyAndReset(sample, swap.what, campaign, counts)
  }
  return counts
}

interface Swap {
  readonly name: string
  readonly bytes: Buffer
  readonly what: string
}

function swapsOf(sample: DamageSample, strangers: ReadonlyMap<string, Buffer>): Swap[] {
  const swaps: Swap[] = []
  for (const name of sample.objects.keys()) {
    for (const [source, bytes] of sample.objects) {
      if (source !== name) swaps.push({ name, bytes, what: `${name} with the bytes of ${source}` })
    }
    for (const [source, bytes] of strangers) {
      const what = `${name} with the bytes of another repository's ${source}`
      swaps.push({ name, bytes, what })
    }
  }
  // Under names of their own, too: what another repository stored is no part of this one.
  for (const [name, bytes] of strangers) {
    if (name === 'config' || sample.objects.has(name)) continue
    swaps.push({ name, bytes, what: `another repository's ${name} beside its own` })
  }
  return swaps
}

/** `count` of the items, each with the same chance, in their order (selection sampling). */
function* drawn<Item>(
  items: readonly Item[],
  count: number,
  random: () => number,
): Generator<Item> {
  let wanted = count
  for (const [at, item] of items.entries()) {
    if (random() * (items.length - at) >= wanted) continue
    wanted -= 1
    yield item
  }
}

async function surveyAndReset(
  sample: DamageSample,
  what: string,
  campaign: Campaign & { readonly scratch: string },
  counts: CampaignCounts,
): Promise<void> {
  const startedAtMs = performance.now()
  const { violations, isTold } = await surveyRepository(sample, campaign.scratch)
  for (const violation of violations) campaign.violation(`${what}: ${violation}`)
  if (performance.now() - startedAtMs > lookMs) campaign.violation(`${what}: it takes too long`)
  counts.looks += 1
  counts[isTold ? 'detected' : 'right'] += 1
  campaign.onLook?.()
  resetObjects(sample)
}
