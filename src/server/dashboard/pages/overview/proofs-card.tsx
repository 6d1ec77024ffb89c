import type { JSX } from 'preact'

import { counted } from '../../../../foundation/human.ts'
import type { Overview } from '../../../api/answers.ts'
import { StatusChip } from '../../parts/chip.tsx'
import { Card } from '../../parts/page.tsx'
import { Time } from '../../parts/values.tsx'
import { visibleText } from '../../text/visible-text.ts'

/** When it was last proved that a restore works. */
export function ProofsCard(props: {
  readonly drill: Overview['last_drill']
  readonly check: Overview['last_check']
}): JSX.Element {
  const { drill, check } = props
  return (
    <Card title="Proofs">
      <dl class="facts">
        <dt>Restore drill</dt>
        <dd>
          <Time at={drill?.at} />{' '}
          {drill !== null && (
            <>
              <StatusChip status={drill.result} />{' '}
              <span class="muted">{counted(drill.files, 'file')} compared</span>
            </>
          )}
        </dd>
        <dt>Check</dt>
        <dd>
          <Time at={check?.at} /> {check !== null && <StatusChip status={check.result} />}
        </dd>
      </dl>
    </Card>
  )
}

export function NextRunsCard({ runs }: { readonly runs: Overview['next_runs'] }): JSX.Element {
  return (
    <Card title="Next runs" aside={<a href="#/schedule">Schedule</a>}>
      {runs.length === 0 ? (
        <p class="muted">Nothing is scheduled.</p>
      ) : (
        <dl class="facts">
          {runs.slice(0, 6).map(({ kind, at }) => (
            <div key={`${kind} ${at}`} class="facts-pair">
              <dt>{visibleText(kind)}</dt>
              <dd>
                <Time at={at} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Card>
  )
}
