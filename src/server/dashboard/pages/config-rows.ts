export interface ConfigRow {
  readonly key: string
  readonly value: string
}

/** A nested mapping as one row for each value, named by the keys that lead to it. */
export function configRows(value: unknown, prefix = ''): ConfigRow[] {
  if (Array.isArray(value)) {
    return value.every((each) => typeof each !== 'object' || each === null)
      ? [{ key: prefix, value: value.length === 0 ? 'none' : value.join(', ') }]
      : value.flatMap((each, index) => configRows(each, `${prefix}[${index}]`))
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, inner]) =>
      configRows(inner, prefix === '' ? name : `${prefix}.${name}`),
    )
  }
  return [
    {
      key: prefix,
      value: value === null ? 'not set' : JSON.stringify(value).replace(/^"|"$/g, ''),
    },
  ]
}
