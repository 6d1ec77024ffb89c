import type { JSX } from 'preact'

import { humanCount } from '../../../../foundation/human.ts'
import type { ChangeKind, ChangeSummary } from '../../../api/answers.ts'
import { Chip, type Tone } from '../../parts/chip.tsx'
import { SearchField } from '../../parts/search-field.tsx'
import { Bytes } from '../../parts/values.tsx'
import { replaceQuery } from '../../state/route.ts'

const kinds: readonly (readonly [kind: ChangeKind, tone: Tone])[] = [
  ['added', 'good'],
  ['removed', 'bad'],
  ['modified', 'accent'],
  ['renamed', 'warn'],
  ['metadata', 'plain'],
]

export const toneOfChange = Object.fromEntries(kinds) as Readonly<Record<ChangeKind, Tone>>

export interface ChangeFilterProps {
  /** Of all changes, whatever is chosen. */
  readonly summary: ChangeSummary
  /** Kinds with commas between them; empty for all. */
  readonly chosen: string
  readonly text: string
}

/** How many changes there are of each kind, and which of them the list shows. */
export function ChangeFilter({ summary, chosen, text }: ChangeFilterProps): JSX.Element {
  const all = kinds.reduce((sum, [kind]) => sum + summary[kind], 0)
  const shown = new Set(chosen === '' ? [] : chosen.split(','))
  const toggle = (kind: ChangeKind): void => {
    if (!shown.delete(kind)) shown.add(kind)
    replaceQuery({ change: [...shown].join() })
  }
  return (
    <div class="toolbar">
      <SearchField label="Filter by path" value={text} onSearch={(q) => replaceQuery({ q })} />
      <div class="summary" role="group" aria-label="Kinds of change that are shown">
        {kinds.map(([kind, tone]) => (
          <button
            key={kind}
            type="button"
            class="chip-toggle"
            aria-pressed={shown.has(kind)}
            disabled={summary[kind] === 0 && !shown.has(kind)}
            onClick={() => toggle(kind)}
          >
            <Chip tone={summary[kind] === 0 ? 'plain' : tone}>
              {humanCount(summary[kind])} {kind}
            </Chip>
          </button>
        ))}
      </div>
      <span class="muted number">
        +<Bytes value={summary.bytes_added} /> −<Bytes value={summary.bytes_removed} />
      </span>
      {summary.listed < all && (
        <span class="muted">only the first {humanCount(summary.listed)} by path are listed</span>
      )}
    </div>
  )
}
