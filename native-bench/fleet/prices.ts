import type { Requests } from './requests.ts'

/** US dollars, before taxes; a GB is 10^9 bytes. */
export interface PriceList {
  readonly name: string
  readonly perStoredGB: number
  /** PUT and what is billed like it; for LIST see below. */
  readonly perPut: number
  readonly perList: number
  readonly perGet: number
  readonly perDelete: number
  /** Of what leaves the store for the internet. */
  readonly perDownGB: number
  /** Besides, of what is read at all. */
  readonly perReadGB: number
  /** So many times what is stored leaves without being billed. */
  readonly freeDownRatio: number
  readonly source: string
}

const million = 1e6

export const priceLists: readonly PriceList[] = [
  {
    name: 'S3 Standard',
    perStoredGB: 0.022,
    perPut: 5 / million,
    perList: 5 / million,
    perGet: 0.4 / million,
    perDelete: 0,
    perDownGB: 0.09,
    perReadGB: 0,
    freeDownRatio: 0,
    source: 'cloudburn.io/blog/amazon-s3-pricing, 2026-03-13 (us-east-1; 0.023 below 50 TB)',
  },
  {
    name: 'S3 Standard-IA',
    perStoredGB: 0.0125,
    perPut: 10 / million,
    perList: 5 / million,
    perGet: 1 / million,
    perDelete: 0,
    perDownGB: 0.09,
    perReadGB: 0.01,
    freeDownRatio: 0,
    source: 'the same; LIST is billed as for Standard',
  },
  {
    name: 'Backblaze B2',
    perStoredGB: 0.006,
    perPut: 0,
    perList: 4 / million,
    perGet: 0.4 / million,
    perDelete: 0,
    perDownGB: 0.01,
    perReadGB: 0,
    freeDownRatio: 3,
    source:
      'leanopstech.com/blog/backblaze-b2-pricing-2026, 2026-04; classes: backblaze.com/b2/b2-transactions-price.html',
  },
  {
    name: 'Cloudflare R2',
    perStoredGB: 0.015,
    perPut: 4.5 / million,
    perList: 4.5 / million,
    perGet: 0.36 / million,
    perDelete: 0,
    perDownGB: 0,
    perReadGB: 0,
    freeDownRatio: 0,
    source: 'developers.cloudflare.com/r2/pricing (cloudflare-docs, production branch as stored)',
  },
  {
    name: 'Wasabi',
    perStoredGB: 0.00799,
    perPut: 0,
    perList: 0,
    perGet: 0,
    perDelete: 0,
    perDownGB: 0,
    perReadGB: 0,
    freeDownRatio: 1,
    source: 'wasabi.com/pricing by api-evangelist/wasabi, from 2026-07-01',
  },
]

export interface Bill {
  readonly storage: number
  readonly requests: number
  readonly traffic: number
  /** More leaves than the store's terms allow. */
  readonly isOverTerms: boolean
}

/** @param isOutside whether the hosts are elsewhere than the store; within a region of AWS traffic is free */
export function billOf(
  prices: PriceList,
  month: { readonly storedBytes: number; readonly requests: Requests },
  isOutside: boolean,
): Bill {
  const { gets, puts, lists, deletes, downBytes } = month.requests
  const storedGB = month.storedBytes / 1e9
  const downGB = downBytes / 1e9
  const billedGB = Math.max(0, downGB - prices.freeDownRatio * storedGB)
  return {
    storage: storedGB * prices.perStoredGB,
    requests:
      gets * prices.perGet +
      puts * prices.perPut +
      lists * prices.perList +
      deletes * prices.perDelete,
    traffic: (isOutside ? billedGB * prices.perDownGB : 0) + downGB * prices.perReadGB,
    isOverTerms: prices.freeDownRatio === 1 && downGB > storedGB,
  }
}
