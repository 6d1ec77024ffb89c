import { ArchiveFault } from '../../format/archive/archive-entry.ts'
import { isEntryName } from '../../format/tree/names.ts'
import { escapeBytes } from '../../foundation/escape-bytes.ts'
import { treeDepthMax } from '../../repository/tree-walk.ts'

const slash = 0x2f

/**
 * The components of a member's name. Empty ones and `.` vanish; what leads out of the archive's root is refused, whether or not it would
 * come back to it.
 *
 * @throws {ArchiveFault}
 */
export function memberComponents(path: Buffer): Buffer[] {
  if (path[0] === slash) throw new ArchiveFault(`"${escapeBytes(path)}" is an absolute path`)
  const components: Buffer[] = []
  for (let start = 0; start <= path.length;) {
    const slashAt = path.indexOf(slash, start)
    const end = slashAt < 0 ? path.length : slashAt
    const name = path.subarray(start, end)
    start = end + 1
    if (name.length === 0 || (name.length === 1 && name[0] === 0x2e)) continue
    if (!isEntryName(name, 0, name.length)) {
      throw new ArchiveFault(
        `"${escapeBytes(path.subarray(0, 400))}" is not a name that is allowed`,
      )
    }
    components.push(name)
    if (components.length >= treeDepthMax) throw new ArchiveFault('its folders are nested too deep')
  }
  return components
}
