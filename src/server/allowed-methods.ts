/** A registered endpoint. */
export interface RegisteredRoute {
  readonly method: string
  /** With `:name` or `{name}` for parameters. */
  readonly path: string
}

/** The methods that endpoints at this path take; empty when there is none. GET brings HEAD along. */
export function allowedMethods(routes: readonly RegisteredRoute[], path: string): string[] {
  const methods = new Set<string>()
  for (const route of routes) {
    if (route.method === 'ALL' || !matches(route.path, path)) continue
    methods.add(route.method)
    if (route.method === 'GET') methods.add('HEAD')
  }
  if (methods.size > 0) methods.add('OPTIONS')
  return [...methods].sort()
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const given = path.split('/')
  return (
    wanted.length === given.length &&
    wanted.every((part, index) =>
      /^[:{]/.test(part) ? given[index] !== '' : part === given[index],
    )
  )
}
