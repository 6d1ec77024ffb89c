import type { HostRun } from './host.ts'

/** How far a command had got by what it had asked the store for: its last request that changes something. */
export function phaseOf({ argv, exchanges }: HostRun): string {
  const last = exchanges.findLast(({ method }) => method === 'PUT' || method === 'DELETE')
  const verb = argv[0] ?? ''
  if (last === undefined) return `${verb}: ${exchanges.length === 0 ? 'starts' : 'opens'}`
  const folder = last.name.split('/')[0] ?? ''
  // The lock is the first that is put and the last that goes.
  if (folder === 'locks') return `${verb}: ${last.method === 'PUT' ? 'has its lock' : 'is done'}`
  return `${verb}: ${last.method === 'PUT' ? 'puts' : 'deletes'} ${folder}`
}
