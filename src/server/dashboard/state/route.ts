import { signal, type Signal } from '@preact/signals'

import { hrefTo, parseRoute, type Query, type Route } from './address.ts'

export const route: Signal<Route> = signal(parseRoute(location.hash))

export function goTo(parts: readonly string[], query: Query = {}): void {
  location.hash = hrefTo(parts, query)
  // At once: the browser tells of it later, and until then the page that is left would go on reading.
  route.value = parseRoute(location.hash)
}

/** Changes parameters of this page without a step in the browser's history: filters while they are typed. */
export function replaceQuery(changes: Query): void {
  const { page, rest, query } = route.value
  const merged = { ...Object.fromEntries(query), ...changes }
  history.replaceState(null, '', hrefTo([page, ...rest], merged))
  route.value = parseRoute(location.hash)
}

export function followAddress(): void {
  addEventListener('hashchange', () => {
    route.value = parseRoute(location.hash)
  })
}
