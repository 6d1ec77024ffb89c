import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { rootCertificates } from 'node:tls'
import { S3Client } from '@aws-sdk/client-s3'
import { storageError } from '../errors.ts'
import type { S3Settings } from './s3-settings.ts'

/** Connections at once; each thread of the program asks for a few things at a time. */
export const connectionsMax = 32
const connectMsMax = 10_000

/**
 * A client that sends each request once: whether and how it is sent again is for `ObjectClient`, because a put that failed may have been
 * stored all the same.
 *
 * @throws {RepositoryError} when the file of `cacert` cannot be read
 */
export function connect(settings: S3Settings): S3Client {
  // It would tell every user of Node 20 that versions after this one want a newer Node. In a thread this is no one else's environment.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
  if (settings.profile !== undefined) forgetEnvironmentKeys()
  const agentOptions = { keepAlive: true, maxSockets: connectionsMax }
  return new S3Client({
    ...regionOf(settings),
    ...(settings.endpoint !== null && { endpoint: settings.endpoint, forcePathStyle: true }),
    ...(settings.credentials && { credentials: settings.credentials }),
    ...(settings.profile !== undefined && { profile: settings.profile }),
    maxAttempts: 1,
    // Content-MD5 is what every store verifies; the checksums of newer clients are refused or ignored by some.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    followRegionRedirects: true,
    requestHandler: {
      connectionTimeout: connectMsMax,
      socketTimeout: settings.idleMsMax,
      httpAgent: new HttpAgent(agentOptions),
      httpsAgent: new HttpsAgent({ ...agentOptions, ...authorities(settings.cacert) }),
    },
  })
}

/** They belong to another repository, and the client would wonder on standard error which of the two is meant. */
function forgetEnvironmentKeys(): void {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) {
    delete process.env[name]
  }
}

/** Stores of one's own mostly take any region; what signs needs one. Without it the client asks the environment and the profile. */
function regionOf({ region, endpoint }: S3Settings): { readonly region?: string } {
  if (region !== null) return { region }
  const chosen = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION']
  if (endpoint !== null) return { region: chosen ?? 'us-east-1' }
  return chosen === undefined ? {} : { region: chosen }
}

function authorities(path: string | undefined): { readonly ca?: string[] } {
  if (path === undefined) return {}
  try {
    return { ca: [...rootCertificates, readFileSync(path, 'utf8')] }
  } catch (cause) {
    throw storageError({ action: 'read the certificates in', path, cause })
  }
}
