import type { JSX } from 'preact'

import { requestJson } from '../api/request.ts'
import { tryJob } from '../api/start-job.ts'
import type { Overview } from '../../api/answers.ts'
import { ActionButton } from '../parts/action-button.tsx'
import { Card, PageFrame } from '../parts/page.tsx'
import { Loaded } from '../parts/states.tsx'
import { FullTime, Name, Time } from '../parts/values.tsx'
import { useResource } from '../state/resource.ts'
import { FreshnessCard } from './overview/freshness-card.tsx'
import { configRows, type ConfigRow } from './config-rows.ts'

/** What runs by itself and when, and the configuration that says so. */
export function SchedulePage(): JSX.Element {
  const overview = useResource('overview', (signal) =>
    requestJson<Overview>('overview', { signal }),
  )
  const config = useResource('config', (signal) =>
    requestJson<Readonly<Record<string, unknown>>>('config', { signal }),
  )
  return (
    <PageFrame
      title="Schedule"
      lead="What runs by itself, when, and by which settings."
      actions={
        <ActionButton icon="jobs" onClick={() => void tryJob({ kind: 'schedule' })}>
          Run what is due
        </ActionButton>
      }
    >
      <div class="stack">
        <Loaded resource={overview}>
          {(data) => (
            <div class="columns">
              <FreshnessCard items={data.freshness} />
              <RunTable runs={data.next_runs} />
            </div>
          )}
        </Loaded>
        <Loaded resource={config}>{(data) => <ConfigTable rows={configRows(data)} />}</Loaded>
      </div>
    </PageFrame>
  )
}

function RunTable({ runs }: { readonly runs: Overview['next_runs'] }): JSX.Element {
  return (
    <Card title="Next runs">
      {runs.length === 0 ? (
        <p class="muted">Nothing is scheduled.</p>
      ) : (
        <div class="table-frame">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">When</th>
                <th scope="col">Time</th>
              </tr>
            </thead>
            <tbody>
              {runs.map(({ kind, at }) => (
                <tr key={`${kind} ${at}`}>
                  <th scope="row">{kind}</th>
                  <td>
                    <Time at={at} />
                  </td>
                  <td class="number">
                    <FullTime at={at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  )
}

function ConfigTable({ rows }: { readonly rows: readonly ConfigRow[] }): JSX.Element {
  return (
    <Card title="Configuration" aside="from config.yml, secrets left out">
      <div class="table-frame">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ key, value }) => (
              <tr key={key}>
                <th scope="row" class="mono">
                  {key}
                </th>
                <td>
                  <Name text={value} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  )
}
