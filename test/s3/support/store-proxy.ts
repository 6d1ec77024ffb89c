import { onTestFinished } from 'vitest'

import { openProxy, type ProxyOptions, type StoreProxy } from './open-proxy.ts'

export type { Act, StoreProxy } from './open-proxy.ts'

/** A proxy for the time of a test. */
export async function startProxy(target: string, options: ProxyOptions = {}): Promise<StoreProxy> {
  const proxy = await openProxy(target, options)
  onTestFinished(() => proxy.close())
  return proxy
}
