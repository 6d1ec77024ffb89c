/** Limits of docs/FORMAT.md, section 7. */
export const segmentCountMax = 65_536
export const blobCountMax = 4_194_304
export const packBytesMax = 4_294_967_295
