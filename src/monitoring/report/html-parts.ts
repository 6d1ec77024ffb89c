import { escapeHtml } from './escape-html.ts'

/** A piece of HTML that is safe to put into a page. */
export type Html = string

export interface TableColumn {
  readonly title: string
  readonly kind?: 'number' | 'text'
}

/** A cell is text, which is escaped, or a mark. */
export type Cell = string | { readonly mark: Tone; readonly text: string }

export type Tone = 'good' | 'bad' | 'warn' | 'none'

export function htmlTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly Cell[])[],
): Html {
  const titles = columns.map(
    ({ title, kind = '' }) => `<th class="${kind}">${escapeHtml(title)}</th>`,
  )
  const lines = rows.map((row) => {
    const cells = row.map(
      (cell, index) => `<td class="${columns[index]?.kind ?? ''}">${cellHtml(cell)}</td>`,
    )
    return `<tr>${cells.join('')}</tr>`
  })
  return `<div class="wide"><table><thead><tr>${titles.join('')}</tr></thead><tbody>${lines.join('')}</tbody></table></div>`
}

function cellHtml(cell: Cell): Html {
  if (typeof cell === 'string') return escapeHtml(cell)
  return `<span class="mark ${cell.mark}">${escapeHtml(cell.text)}</span>`
}

/** @param content HTML already */
export function htmlSection(title: string, content: Html): Html {
  return `<section><h2>${escapeHtml(title)}</h2>${content}</section>`
}

/** What colours mean. */
export function htmlKey(entries: readonly (readonly [style: string, text: string])[]): Html {
  const items = entries.map(
    ([style, text]) => `<span><i class="${style}"></i>${escapeHtml(text)}</span>`,
  )
  return `<p class="key soft">${items.join('')}</p>`
}

export function htmlCard(name: string, value: string, note: string = ''): Html {
  const more = note === '' ? '' : `<span class="soft">${escapeHtml(note)}</span>`
  return `<div class="card"><span class="soft">${escapeHtml(name)}</span><b>${escapeHtml(value)}</b>${more}</div>`
}
