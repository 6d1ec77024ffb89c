import {
  CreateBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { connect } from '../../../../src/storage/s3/connect.ts'
import { parseS3Location } from '../../../../src/storage/s3/s3-location.ts'
import { s3SettingsOf } from '../../../../src/storage/s3/s3-settings.ts'

/* Where requests for buckets of AWS would go and what they are signed for. No machine of Amazon's is asked. */

beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (/^(?:AWS|HOLDFAST)_/.test(name)) vi.stubEnv(name, undefined)
  }
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'KEY')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
})
afterEach(() => void vi.unstubAllEnvs())

interface Sent {
  readonly url: string
  readonly scope: string
  readonly headers: Readonly<Record<string, string>>
}

type Command = ListObjectsV2Command | PutObjectCommand | CreateBucketCommand

/** What is on its way when it is signed. */
async function sentBy(client: S3Client, command: Command): Promise<Sent> {
  let sent: Sent | undefined
  client.middlewareStack.add(
    () => async (args) => {
      const { protocol, hostname, path, headers } = args.request as {
        protocol: string
        hostname: string
        path: string
        headers: Record<string, string>
      }
      const scope = /Credential=KEY\/\d{8}\/([^,]*),/.exec(headers['authorization'] ?? '')?.[1]
      sent = { url: `${protocol}//${hostname}${path}`, scope: scope ?? '', headers }
      throw new Error('goes nowhere')
    },
    // Behind what signs.
    { step: 'finalizeRequest', priority: 'low', name: 'catches' },
  )
  await expect(client.send(command as ListObjectsV2Command)).rejects.toThrow('goes nowhere')
  client.destroy()
  if (!sent) throw new Error('Nothing was sent')
  return sent
}

function clientOf(address: string): { client: S3Client; bucket: string; prefix: string } {
  const settings = s3SettingsOf(parseS3Location(address), {})
  return { client: connect(settings), bucket: settings.bucket, prefix: settings.prefix }
}

async function listed(address: string): Promise<Sent> {
  const { client, bucket, prefix } = clientOf(address)
  return await sentBy(client, new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }))
}

it.each([
  ['s3:us-east-1/backups/web', 'backups.s3.us-east-1.amazonaws.com/', 'us-east-1'],
  ['s3:eu-central-1/backups', 'backups.s3.eu-central-1.amazonaws.com/', 'eu-central-1'],
  ['s3:us-gov-west-1/backups', 'backups.s3.us-gov-west-1.amazonaws.com/', 'us-gov-west-1'],
  ['s3:cn-north-1/backups', 'backups.s3.cn-north-1.amazonaws.com.cn/', 'cn-north-1'],
  ['s3:eusc-de-east-1/backups', 'backups.s3.eusc-de-east-1.amazonaws.eu/', 'eusc-de-east-1'],
  // What no certificate covers goes by the path.
  ['s3:eu-west-3/old.backups', 's3.eu-west-3.amazonaws.com/old.backups/', 'eu-west-3'],
  ['s3:us-east-1/Old_Backups', 's3.us-east-1.amazonaws.com/Old_Backups/', 'us-east-1'],
])('%s is asked at %s', async (address, place, region) => {
  const { url, scope } = await listed(address)
  expect([url, scope]).toEqual([`https://${place}`, `${region}/s3/aws4_request`])
  // The same as by the tools of AWS.
  const { bucket } = clientOf(address)
  const credentials = { accessKeyId: 'KEY', secretAccessKey: 'secret' }
  const plain = new S3Client({ region, credentials })
  expect(url).toBe((await sentBy(plain, new ListObjectsV2Command({ Bucket: bucket }))).url)
})

it('takes region, dual stack and FIPS from the environment where the address leaves them open', async () => {
  vi.stubEnv('AWS_REGION', 'eu-west-1')
  expect((await listed('s3://backups/a')).url).toBe('https://backups.s3.eu-west-1.amazonaws.com/')
  vi.stubEnv('AWS_USE_DUALSTACK_ENDPOINT', 'true')
  expect((await listed('s3:eu-central-1/backups')).url).toBe(
    'https://backups.s3.dualstack.eu-central-1.amazonaws.com/',
  )
  vi.stubEnv('AWS_USE_DUALSTACK_ENDPOINT', undefined)
  vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true')
  expect((await listed('s3:us-gov-east-1/backups')).url).toBe(
    'https://backups.s3-fips.us-gov-east-1.amazonaws.com/',
  )
})

it('leaves stores of one’s own where they are, by the path, whatever the environment says of AWS', async () => {
  vi.stubEnv('AWS_USE_DUALSTACK_ENDPOINT', 'false')
  vi.stubEnv('AWS_REGION', 'default')
  const { url, scope } = await listed('s3:https://s3.example.org/backups/web 1')
  expect(url).toBe('https://s3.example.org/backups/')
  expect(scope).toBe('default/s3/aws4_request')
})

it('puts an object under its prefix, with its checksum signed and no other one', async () => {
  const { client, bucket, prefix } = clientOf('s3:cn-northwest-1/backups/Größe 1')
  const name = `packs/${'0'.repeat(64)}`
  const { url, headers } = await sentBy(
    client,
    new PutObjectCommand({
      Bucket: bucket,
      Key: prefix + name,
      Body: 'x',
      ContentMD5: 'ndTkWpUPQ1NHPTlbTPB5yg==',
      IfNoneMatch: '*',
    }),
  )
  expect(url).toBe(`https://backups.s3.cn-northwest-1.amazonaws.com.cn/Gr%C3%B6%C3%9Fe%201/${name}`)
  expect(headers['authorization']).toMatch(/SignedHeaders=[^,]*content-md5[^,]*if-none-match/)
  expect(Object.keys(headers).filter((header) => header.startsWith('x-amz-checksum'))).toEqual([])
})
