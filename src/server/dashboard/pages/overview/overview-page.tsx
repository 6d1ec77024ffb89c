import type { JSX } from 'preact'

import { counted, humanCount } from '../../../../foundation/human.ts'
import { requestJson } from '../../api/request.ts'
import { startBackupDialog } from '../../state/dialogs.ts'
import type { Overview } from '../../../api/answers.ts'
import { DayStrip } from '../../charts/day-strip.tsx'
import { ActionButton } from '../../parts/action-button.tsx'
import { CodeText } from '../../parts/code-text.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Card, PageFrame } from '../../parts/page.tsx'
import { Loaded } from '../../parts/states.tsx'
import { Bytes, Name } from '../../parts/values.tsx'
import { useResource } from '../../state/resource.ts'
import { percentText, ratioText } from '../../text/number-text.ts'
import { AlertsCard } from './alerts-card.tsx'
import { FreshnessCard } from './freshness-card.tsx'
import { LiveJobsCard } from './live-jobs-card.tsx'
import { NextRunsCard, ProofsCard } from './proofs-card.tsx'
import { StorageCard } from './storage-card.tsx'

export function OverviewPage(): JSX.Element {
  const overview = useResource('overview', (signal) =>
    requestJson<Overview>('overview', { signal }),
  )
  return (
    <PageFrame
      title="Overview"
      actions={
        <ActionButton tone="accent" icon="jobs" onClick={startBackupDialog}>
          Back up now
        </ActionButton>
      }
    >
      <Loaded resource={overview}>{(data) => <OverviewContent overview={data} />}</Loaded>
    </PageFrame>
  )
}

function OverviewContent({ overview }: { readonly overview: Overview }): JSX.Element {
  return (
    <div class="stack">
      <Verdict {...overview} />
      <Figures overview={overview} />
      <LiveJobsCard />
      <Card title="Last 30 days">
        <DayStrip days={overview.days} />
      </Card>
      <div class="columns">
        <div class="stack">
          <FreshnessCard items={overview.freshness} />
          <StorageCard storage={overview.storage} />
        </div>
        <div class="stack">
          <AlertsCard alerts={overview.alerts} />
          <ProofsCard drill={overview.last_drill} check={overview.last_check} />
          <NextRunsCard runs={overview.next_runs} />
          <RepositoryCard repository={overview.repository} />
        </div>
      </div>
    </div>
  )
}

function Verdict({ verdict }: Overview): JSX.Element {
  const tone = verdict.is_protected ? 'good' : 'bad'
  return (
    <section class={`verdict verdict-${tone}`} aria-label="Verdict" data-verdict={tone}>
      <span class="verdict-mark">
        <Icon name={verdict.is_protected ? 'check' : 'warning'} />
      </span>
      <div>
        <p class="verdict-sentence">
          <CodeText text={verdict.sentence} />
        </p>
        {/* The sentence names the first reason already. */}
        {verdict.reasons.length > 1 && (
          <ul>
            {verdict.reasons.map((reason) => (
              <li key={reason}>
                <CodeText text={reason} />
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  )
}

function Figures({ overview: { statistics, storage } }: { overview: Overview }): JSX.Element {
  return (
    <dl class="figures">
      <div>
        <dt>Backups</dt>
        <dd>{humanCount(statistics.total_backups)}</dd>
        <dd class="muted">{counted(statistics.recent_backups_7d, 'run')} in 7 days</dd>
      </div>
      <div>
        <dt>Success rate</dt>
        <dd>{statistics.total_backups === 0 ? '–' : percentText(statistics.success_rate)}</dd>
        <dd class="muted">{humanCount(statistics.failed_backups)} failed</dd>
      </div>
      <div>
        <dt>Protected</dt>
        <dd>
          <Bytes value={storage.source_bytes} />
        </dd>
        <dd class="muted">over all backups</dd>
      </div>
      <div>
        <dt>Stored</dt>
        <dd>
          <Bytes value={storage.stored_bytes} />
        </dd>
        <dd class="muted">
          <span title="Bytes of all backups for each byte that is different">
            {ratioText(storage.dedup_ratio)} deduplicated
          </span>
        </dd>
      </div>
    </dl>
  )
}

function RepositoryCard({ repository }: Pick<Overview, 'repository'>): JSX.Element {
  return (
    <Card title="Repository">
      <dl class="facts">
        <dt>Location</dt>
        <dd>
          <Name text={repository.location} />
        </dd>
        <dt>Id</dt>
        <dd class="mono">{repository.id.slice(0, 16)}</dd>
        <dt>Encryption</dt>
        <dd>{repository.is_encrypted ? 'AES-256-GCM' : 'none'}</dd>
      </dl>
    </Card>
  )
}
