import type { JSX } from 'preact'

import { apiAddress } from '../api/request.ts'
import { Icon } from '../parts/icon.tsx'
import { PageFrame } from '../parts/page.tsx'

/** The report as it is sent and printed, in a frame that may run nothing. */
export function ReportPage(): JSX.Element {
  const page = apiAddress('report', { format: 'html' })
  return (
    <PageFrame
      title="Report"
      isList
      lead="The same as the command report makes."
      actions={
        <>
          <a class="button" download="holdfast-report.html" href={page}>
            <Icon name="download" />
            HTML
          </a>
          <a
            class="button"
            download="holdfast-report.txt"
            href={apiAddress('report', { format: 'text' })}
          >
            <Icon name="download" />
            Text
          </a>
          <a class="button" download="holdfast-report.json" href={apiAddress('report')}>
            <Icon name="download" />
            JSON
          </a>
        </>
      }
    >
      <iframe class="report-frame" title="Report" sandbox="" src={page} />
    </PageFrame>
  )
}
