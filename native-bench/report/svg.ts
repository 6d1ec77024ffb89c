/** Text for the inside of an element or attribute. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

export interface Drawing {
  /** What it shows, read out in the place of the image. */
  readonly title: string
  /** The figures in words, for those who cannot see them. */
  readonly description: string
  readonly width: number
  readonly height: number
  /** Elements, each on a line of its own. */
  readonly elements: readonly string[]
}

/**
 * One hue for each tool, the same in every chart, chosen to differ in lightness, too, and to be seen on white and on
 * black.
 */
const hues: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  restic: ['#57606a', '#9ea7b3'],
  borg: ['#9a6700', '#d4a72c'],
  'borg-plain': ['#d4a72c', '#9a6700'],
  borg2: ['#bc4c00', '#f0883e'],
  floor: ['#b8bfc7', '#565d66'],
  holdfast: ['#0969da', '#58a6ff'],
  'holdfast-plain': ['#54aeff', '#1f6feb'],
}

/** The class of a tool's marks: `fill-…` for bars, `line-…` for lines. */
export function markClass(kind: 'fill' | 'line', tool: string): string {
  return `${kind}-${tool}`
}

/** A whole SVG file that follows the reader's colour scheme and needs nothing from elsewhere. */
export function renderSvg({ title, description, width, height, elements }: Drawing): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
      `height="${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escapeXml(title)}</title>`,
    `<desc id="desc">${escapeXml(description)}</desc>`,
    `<style>\n${style()}\n</style>`,
    `<rect class="paper" width="${width}" height="${height}" rx="6"/>`,
    ...elements,
    '</svg>\n',
  ].join('\n')
}

function style(): string {
  const scheme = (column: 0 | 1): string[] => [
    `.paper { fill: ${['#ffffff', '#0d1117'][column]} }`,
    `text { fill: ${['#1f2328', '#e6edf3'][column]} }`,
    `.quiet { fill: ${['#57606a', '#9ea7b3'][column]} }`,
    // A seam in the colour of the paper keeps figures readable where a line runs through them.
    `.value { stroke: ${['#ffffff', '#0d1117'][column]} }`,
    `.grid { stroke: ${['#d8dee4', '#30363d'][column]} }`,
    `.one { stroke: ${['#57606a', '#9ea7b3'][column]}; stroke-dasharray: 4 3 }`,
    ...Object.entries(hues).flatMap(([tool, colours]) => [
      `.${markClass('fill', tool)} { fill: ${colours[column]} }`,
      `.${markClass('line', tool)} { stroke: ${colours[column]}; fill: none; stroke-width: 2 }`,
    ]),
  ]
  return [
    'text { font: 12px system-ui, sans-serif }',
    '.value { stroke-width: 4; paint-order: stroke }',
    '.heading { font-size: 14px; font-weight: 600 }',
    ...scheme(0),
    '@media (prefers-color-scheme: dark) {',
    ...scheme(1),
    '}',
  ].join('\n')
}
