import type { StorageCost } from './storage-cost.ts'

/** What a long operation tells while it runs; one stream feeds progress lines, JSON and logs. */
export type HoldfastEvent =
  | ProgressEvent
  | { readonly type: 'unreadable'; readonly path: Buffer; readonly message: string }
  /** Worth knowing, and nothing is lost by it. */
  | { readonly type: 'notice'; readonly path?: Buffer; readonly message: string }
  /** What is going to be asked of a storage where that costs money and time; told before it is. */
  | {
      readonly type: 'cost'
      readonly path?: undefined
      readonly message: string
      readonly cost: StorageCost
    }
  /** Something that could not be done; the rest goes on. */
  | { readonly type: 'failure'; readonly path?: Buffer; readonly message: string }
  /** Something in the repository is not what was written. */
  | { readonly type: 'damage'; readonly message: string; readonly path?: Buffer }

export interface ProgressEvent {
  readonly type: 'progress'
  readonly phase: string
  readonly filesDone: number
  readonly filesTotal?: number
  readonly bytesDone: number
  readonly bytesTotal?: number
  readonly errors: number
}

export type OnEvent = (event: HoldfastEvent) => void
