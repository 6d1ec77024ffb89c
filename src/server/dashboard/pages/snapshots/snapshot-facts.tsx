import type { ComponentChildren, JSX } from 'preact'

import { humanCount, humanDuration } from '../../../../foundation/human.ts'
import type { Snapshot } from '../../../api/answers.ts'
import { Chip, StatusChip } from '../../parts/chip.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Card } from '../../parts/page.tsx'
import { Bytes, FullTime, Name } from '../../parts/values.tsx'
import { visibleText } from '../../text/visible-text.ts'
import { useExclusiveBytes } from './use-exclusive-bytes.ts'

export function SnapshotFacts({ snapshot }: { readonly snapshot: Snapshot }): JSX.Element {
  const { started_at: start, ended_at: end } = snapshot
  return (
    <div class="stack">
      {snapshot.error !== null && (
        <div class="state state-bad" role="alert">
          <strong>
            <Icon name="warning" /> {visibleText(snapshot.error)}
          </strong>
        </div>
      )}
      {!snapshot.is_failed_run && snapshot.status === 'failed' && (
        <div class="state state-bad" role="alert">
          <strong>
            <Icon name="warning" /> Damage was found in it
          </strong>
          <div>
            Verify shows which files it is; <code>holdfast repair</code> mends what can be mended.
          </div>
        </div>
      )}
      <Card
        title="Facts"
        aside={
          snapshot.is_failed_run ? (
            <Chip tone="bad">failed run</Chip>
          ) : (
            <StatusChip status={snapshot.status} />
          )
        }
      >
        <dl class="facts">
          {snapshot.description !== '' && (
            <Fact name="Description">
              <Name text={snapshot.description} />
            </Fact>
          )}
          <Fact name="Type">{snapshot.type}</Fact>
          <Fact name="Began">
            <FullTime at={start} />
          </Fact>
          <Fact name="Took">
            {start === null || end === null
              ? '–'
              : humanDuration(Date.parse(end) - Date.parse(start))}
          </Fact>
          <Fact name="Host">
            <Name text={snapshot.hostname} />
          </Fact>
          {snapshot.tags.length > 0 && (
            <Fact name="Tags">{snapshot.tags.map(visibleText).join(', ')}</Fact>
          )}
          <Fact name="Verified">
            <FullTime at={snapshot.verified_at} />
          </Fact>
          {snapshot.id !== null && (
            <Fact name="Id">
              <span class="mono">{snapshot.id}</span>
            </Fact>
          )}
        </dl>
      </Card>
      {!snapshot.is_failed_run && <SnapshotSizes snapshot={snapshot} />}
    </div>
  )
}

function SnapshotSizes({ snapshot }: { readonly snapshot: Snapshot }): JSX.Element {
  const exclusive = useExclusiveBytes()
  return (
    <Card title="Size">
      <dl class="facts">
        <Fact name="Files">{humanCount(snapshot.files)}</Fact>
        <Fact name="All of them">
          <Bytes value={snapshot.bytes} />
        </Fact>
        <Fact name="New when it was made">
          <Bytes value={snapshot.bytes_added} />
        </Fact>
        <Fact name="In no other snapshot">
          <Bytes value={exclusive(snapshot)} />
        </Fact>
        <Fact name="Paths">
          <ul class="plain-list">
            {snapshot.paths.map((path) => (
              <li key={path}>
                <Name text={path} />
              </li>
            ))}
          </ul>
        </Fact>
      </dl>
    </Card>
  )
}

function Fact(props: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <div class="facts-pair">
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  )
}
