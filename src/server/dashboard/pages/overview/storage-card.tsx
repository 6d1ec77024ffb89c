import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

import type { Overview } from '../../../api/answers.ts'
import { LineChart } from '../../charts/line-chart.tsx'
import { Card } from '../../parts/page.tsx'
import { Empty } from '../../parts/states.tsx'
import { byteText, ratioText } from '../../text/number-text.ts'

type Storage = Overview['storage']

export function StorageCard({ storage }: { readonly storage: Storage }): JSX.Element {
  const [shown, setShown] = useState<'bytes' | 'ratio'>('bytes')
  const choose = (which: 'bytes' | 'ratio', text: string): JSX.Element => (
    <button
      type="button"
      class="button button-quiet"
      aria-pressed={shown === which}
      onClick={() => setShown(which)}
    >
      {text}
    </button>
  )
  return (
    <Card
      title="Storage"
      aside={
        <span class="segmented">
          {choose('bytes', 'Growth')}
          {choose('ratio', 'Saved')}
        </span>
      }
    >
      {storage.trend.length === 0 ? (
        <Empty title="The curve begins with the first backup" />
      ) : shown === 'bytes' ? (
        <GrowthChart storage={storage} />
      ) : (
        <RatioChart storage={storage} />
      )}
      <dl class="facts facts-row">
        <div class="facts-pair">
          <dt>Deduplication</dt>
          <dd class="number">{ratioText(storage.dedup_ratio)}</dd>
        </div>
        <div class="facts-pair">
          <dt>Compression</dt>
          <dd class="number">{ratioText(storage.compression_ratio)}</dd>
        </div>
      </dl>
    </Card>
  )
}

function GrowthChart({ storage: { trend } }: { readonly storage: Storage }): JSX.Element {
  const last = trend[trend.length - 1]
  return (
    <LineChart
      label={`Backups hold ${byteText(last.source_bytes)}, stored in ${byteText(last.stored_bytes)}`}
      dates={trend.map(({ date }) => date)}
      base={1024}
      format={byteText}
      series={[
        { name: 'In backups', tone: 'second', values: trend.map((each) => each.source_bytes) },
        { name: 'Stored', tone: 'first', values: trend.map((each) => each.stored_bytes) },
      ]}
    />
  )
}

function RatioChart({ storage: { trend } }: { readonly storage: Storage }): JSX.Element {
  const ratios = trend.map(({ stored_bytes: stored, source_bytes: source }) =>
    stored > 0 ? source / stored : 0,
  )
  return (
    <LineChart
      label={`Each stored byte stands for ${ratioText(ratios[ratios.length - 1])} bytes of backups`}
      dates={trend.map(({ date }) => date)}
      base={10}
      format={(value) => `${Number(value.toFixed(1))} ×`}
      series={[{ name: 'Bytes in backups per byte stored', tone: 'first', values: ratios }]}
    />
  )
}
