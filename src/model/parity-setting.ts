/** How a repository protects its packs: groups of so many packs, and so many parity objects for each. */
export interface ParitySetting {
  /** 1 to 64. */
  readonly dataPacks: number
  /** 1 to 16: so many packs of a group can be lost. */
  readonly parityPacks: number
}
