/** Ways in. */
export const actorWays = ['command', 'http', 'daemon', 'library'] as const
export type ActorWay = (typeof actorWays)[number]

/** Who does something, for the records of what was done. */
export interface Actor {
  readonly via: ActorWay
  /** Name of the user of the system, or of the token. */
  readonly user: string
  readonly hostname?: string
  /** Where a request came from. */
  readonly address?: string
}
