/** A part of an object. */
export interface ObjectRange {
  readonly name: string
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/** A part of an object that is known. */
export type ByteSpan = Omit<ObjectRange, 'name'>
