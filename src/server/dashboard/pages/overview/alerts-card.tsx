import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

import { requestJson } from '../../api/request.ts'
import type { Alerts, AlertState } from '../../../api/answers.ts'
import { Chip } from '../../parts/chip.tsx'
import { CodeText } from '../../parts/code-text.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Card } from '../../parts/page.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { FullTime, Time } from '../../parts/values.tsx'
import { useResource } from '../../state/resource.ts'
import { visibleText } from '../../text/visible-text.ts'

export function AlertsCard({ alerts }: { readonly alerts: readonly AlertState[] }): JSX.Element {
  const [isOpen, setIsOpen] = useState(false)
  const raised = alerts.filter(({ is_raised: isRaised }) => isRaised)
  const quiet = alerts.filter(({ is_raised: isRaised }) => !isRaised)
  return (
    <Card
      title="Alerts"
      aside={
        <button type="button" class="button button-quiet" onClick={() => setIsOpen(true)}>
          History
        </button>
      }
    >
      {raised.length === 0 && <p class="line-good">No alert is raised.</p>}
      <ul class="plain-list">
        {raised.map((alert) => (
          <li key={alert.rule} class="alert">
            <Chip tone="bad">raised</Chip>
            <div>
              <strong>
                <CodeText text={alert.message} />
              </strong>
              <div class="muted">
                {ruleText(alert.rule)} · since <Time at={alert.since} never="now" />
              </div>
            </div>
          </li>
        ))}
      </ul>
      {quiet.length > 0 && (
        <ul class="quiet-rules" aria-label="Watched and quiet">
          {quiet.map(({ rule, message }) => (
            <li key={rule} title={visibleText(message)}>
              <Icon name="check" /> {ruleText(rule)}
            </li>
          ))}
        </ul>
      )}
      {isOpen && <AlertHistory onClose={() => setIsOpen(false)} />}
    </Card>
  )
}

function AlertHistory({ onClose }: { onClose(): void }): JSX.Element {
  const alerts = useResource('alerts', (signal) => requestJson<Alerts>('alerts', { signal }))
  return (
    <Dialog title="Alert history" size="large" onClose={onClose}>
      <Loaded resource={alerts}>
        {({ history }) =>
          history.length === 0 ? (
            <Empty title="No alert has been raised yet" />
          ) : (
            <ul class="plain-list">
              {history.map((change) => (
                <li key={`${change.rule} ${change.at} ${change.state}`} class="alert">
                  <Chip tone={change.state === 'raised' ? 'bad' : 'good'}>{change.state}</Chip>
                  <div>
                    <strong>
                      <CodeText text={change.message} />
                    </strong>
                    <div class="muted">
                      {ruleText(change.rule)} · <FullTime at={change.at} />
                    </div>
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Dialog>
  )
}

function ruleText(rule: string): string {
  return rule.replaceAll('_', ' ')
}
