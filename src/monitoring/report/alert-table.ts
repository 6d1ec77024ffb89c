import { escapeText } from '../../foundation/escape-bytes.ts'
import { formatTable, type TableStyle } from '../../foundation/table.ts'
import { alertNames } from '../../model/alert-rule.ts'
import type { AlertState } from '../alerts/alert.ts'
import type { Overview } from '../overview.ts'
import { isoText } from './statistics-pairs.ts'

const columns = [{ title: 'Alert' }, { title: 'Since' }, { title: 'Why' }]

/** The raised alerts as a table; empty when there is none. */
export function alertTable({ alerts }: Pick<Overview, 'alerts'>, style: TableStyle): string {
  const raised = alerts.filter(({ is_raised }) => is_raised)
  if (raised.length === 0) return ''
  return formatTable(columns, raised.map(toRow), style)
}

function toRow({ rule, since, message }: AlertState): string[] {
  return [alertNames[rule], isoText(since), escapeText(message)]
}
