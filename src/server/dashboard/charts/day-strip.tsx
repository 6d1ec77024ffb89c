import type { JSX } from 'preact'

import { counted } from '../../../foundation/human.ts'
import type { Day } from '../../api/answers.ts'
import { byteText } from '../text/number-text.ts'
import { dayText } from '../text/time-text.ts'

/** One field for each day: a run that worked, one that failed, one that was due and did not come, or nothing. */
export function DayStrip({ days }: { readonly days: readonly Day[] }): JSX.Element {
  return (
    <div class="strip-frame">
      <ol class="strip" aria-label={`Runs of the last ${days.length} days`}>
        {days.map((day) => (
          <li key={day.date} class={`day day-${stateOf(day)}`} title={describe(day)}>
            <span class="unseen">{describe(day)}</span>
          </li>
        ))}
      </ol>
      <div class="strip-foot muted">
        <span>{days.length > 0 ? dayText(days[0].date) : ''}</span>
        <span class="legend">
          <span>
            <i class="swatch day-good" /> backed up
          </span>
          <span>
            <i class="swatch day-bad" /> failed
          </span>
          <span>
            <i class="swatch day-missed" /> missed
          </span>
        </span>
        <span>today</span>
      </div>
    </div>
  )
}

function stateOf({ runs, failures, missed }: Day): string {
  if (failures > 0) return runs > failures ? 'mixed' : 'bad'
  if (missed > 0) return 'missed'
  return runs > 0 ? 'good' : 'none'
}

function describe({ date, runs, failures, missed, bytes_added: added }: Day): string {
  const parts = [counted(runs, 'run')]
  if (failures > 0) parts.push(`${failures} failed`)
  if (missed > 0) parts.push(`${missed} missed`)
  if (added > 0) parts.push(`${byteText(added)} added`)
  return `${dayText(date)}: ${parts.join(', ')}`
}
