import { hostname } from 'node:os'

import type { Actor } from '../../model/actor.ts'
import type { RequestContext } from '../add-route.ts'

/** Who asks, for the records. */
export function actorOf(context: RequestContext): Actor {
  const identity = context.get('identity')
  return {
    via: 'http',
    user: identity?.name ?? '',
    hostname: hostname(),
    address: context.env.address,
  }
}
