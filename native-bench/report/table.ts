export interface Table {
  readonly title: string
  /** The first column is text, the others are figures. */
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** For a terminal, in aligned columns. */
export function alignedTable(table: Table): string {
  const lines = [[table.title, ...table.header.slice(1)], ...table.rows]
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  const aligned = lines.map((line) =>
    line
      .map((text, column) =>
        column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]),
      )
      .join('   '),
  )
  return `\n${aligned.join('\n')}`
}

export function markdownTable(table: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const header = line([`**${table.title}**`, ...table.header.slice(1)])
  const ruler = line(['---', ...table.header.slice(1).map(() => '--:')])
  const rows = table.rows.map((cells) =>
    line(cells.map((text) => text.trimEnd().replace(' *', ' \\*'))),
  )
  return `${[header, ruler, ...rows].join('\n')}\n`
}
