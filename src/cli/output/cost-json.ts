import type { StorageCost } from '../../foundation/storage-cost.ts'
import type { JsonObject } from './json.ts'

/** Named as in the line that tells what was really asked for (`request-report.ts`). */
export function costJson(cost: StorageCost): JsonObject {
  return {
    get: cost.gets,
    put: cost.puts,
    list: cost.lists,
    delete: cost.deletes,
    downloaded_bytes: cost.downloadBytes,
    uploaded_bytes: cost.uploadBytes,
  }
}
