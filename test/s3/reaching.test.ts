import { chmodSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { makeCertificates } from './support/certificates.ts'
import { startProxy } from './support/store-proxy.ts'
import { freshBucket, storeWorkspace } from './support/store-workspace.ts'

/* What a person is told who cannot reach the store, and what helps. */

describe('credentials', () => {
  it('that are wrong end with status 21 and say where they come from', async () => {
    const { run, done } = await storeWorkspace()
    await done(['init'])
    const secret = { AWS_SECRET_ACCESS_KEY: 'canary-of-a-secret' }
    const wrongSecret = await run(['list'], secret)
    expect(wrongSecret.status).toBe(21)
    expect(wrongSecret.stderr).toContain('the secret key is not the one of this access key')
    expect(wrongSecret.stderr).toMatch(/AWS_SECRET_ACCESS_KEY.*AWS_PROFILE.*holdfast\.s3/)
    expect(wrongSecret.stderr).not.toContain('canary')
    const unknown = await run(['list', '--json', '--verbose'], { AWS_ACCESS_KEY_ID: 'NOBODY' })
    expect(unknown.status).toBe(21)
    expect(unknown.errorLines.at(-1)).toMatchObject({ code: 21, error: 'STORAGE_FAILED' })
    expect(unknown.stderr).toContain('the store does not know this access key')
    const none = await run(['list'], { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' })
    expect(none.status).toBe(21)
    expect(none.stderr).toContain('no credentials are given')
  })

  it('come from config.yml, from a file that nobody else may read, and reach jobs of the server', async () => {
    const { space, run, done, access, address } = await storeWorkspace()
    const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', HOLDFAST_REPOSITORY: '' }
    const key = space.write('s3.key', access.secretAccessKey)
    space.write('data/file', 'content')
    space.write(
      'config.yml',
      `repository: ${address()}\napi: { backup: { paths: { index: data }, verification: true } }\n` +
        `holdfast:\n  s3: { access_key_id: ${access.accessKeyId}, secret_access_key_file: s3.key }\n` +
        `  hooks: { before: "${process.execPath} ${space.write('hook.mjs', hook)}" }\n`,
    )
    const open = await run(['init'], none)
    expect(open.status).toBe(2)
    expect(open.stderr).toContain(`chmod 600 ${key}`)
    chmodSync(key, 0o600)
    await done(['init'], none)
    await done(['create'], none)
    expect(readFileSync(space.at('hook.out'), 'utf8')).toBe('')

    const token = 'token-of-the-tests'
    const server = space.start(['serve', '--port', '0', '--json'], {
      environment: { ...none, HOLDFAST_TOKEN: token },
    })
    let output = ''
    await new Promise<void>((resolve, reject) => {
      server.process.stdout?.on('data', (bytes: Buffer) => {
        output += bytes.toString()
        if (output.includes('\n')) resolve()
      })
      void server.finished.then(({ stderr }) => reject(new Error(stderr)))
    })
    const { url } = JSON.parse(output.split('\n')[0] ?? '') as { url: string }
    const answer = await fetch(`${url}/admin/backup/create`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{"backup_type":"full"}',
    })
    expect(await answer.json()).toMatchObject({ message: expect.stringContaining('backup_') })
    const list = await fetch(`${url}/admin/backup/list`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(((await list.json()) as { backups: unknown[] }).backups).toHaveLength(2)
    server.process.kill('SIGTERM')
    const { stdout, stderr } = await server.finished
    expect(stdout + stderr).not.toContain(access.secretAccessKey)
  })

  it('of the environment are not given to hooks', async () => {
    const { space, done } = await storeWorkspace()
    space.write('data/file', 'content')
    space.write(
      'config.yml',
      'api: { backup: { paths: { index: data }, verification: false } }\n' +
        `holdfast: { hooks: { before: "${process.execPath} ${space.write('hook.mjs', hook)}" } }\n`,
    )
    await done(['init'])
    await done(['create'])
    expect(readFileSync(space.at('hook.out'), 'utf8')).toBe('')
  })
})

/** Writes which secrets it was given. */
const hook = `import { writeFileSync } from 'node:fs'
const names = Object.keys(process.env).filter((name) => /^AWS_.*KEY|SECRET|PASSPHRASE/.test(name))
writeFileSync('hook.out', names.join())
`

describe('a place where nothing is', () => {
  it('is no repository, with status 10: no bucket, or nothing at the prefix', async () => {
    const { run, done, access, bucket } = await storeWorkspace()
    await done(['init'])
    for (const place of [`${freshBucket()}/a`, `${bucket}/a`, `${bucket}/a/b/c`]) {
      const { status, stderr } = await run(['list', '--repo', `s3:${access.endpoint}/${place}`])
      expect(stderr).toContain('there is none')
      expect(stderr).toContain(`holdfast init --repo s3:${access.endpoint}/${place}`)
      expect(status).toBe(10)
    }
  })

  it('is not made a second time', async () => {
    const { run, done } = await storeWorkspace()
    await done(['init'])
    const { status, stderr } = await run(['init'])
    expect(status).toBe(1)
    expect(stderr).toContain('there is one already')
  })
})

describe('a store that is not there', () => {
  it('ends with status 21 after the time for retries', async () => {
    const { run, address } = await storeWorkspace()
    const environment = { HOLDFAST_S3_RETRY_SECONDS: '1' }
    const startMs = performance.now()
    // A port that was free a moment ago and that nobody listens on.
    const endpoint = `http://127.0.0.1:${await closedPort()}`
    const { status, stderr } = await run(['list', '--repo', address(endpoint)], environment)
    expect(status).toBe(21)
    expect(stderr).toContain('ECONNREFUSED')
    expect(stderr).toContain('Check that the store can be reached')
    expect(performance.now() - startMs).toBeLessThan(15_000)
  })

  it('ends with status 21 when it takes connections and says nothing', async () => {
    const { run, address, access } = await storeWorkspace()
    const { endpoint, seen } = await startProxy(access.endpoint, { act: () => 'hang' })
    const environment = { HOLDFAST_S3_RETRY_SECONDS: '2', HOLDFAST_S3_TIMEOUT_SECONDS: '1' }
    const { status, stderr } = await run(['list', '--repo', address(endpoint)], environment)
    expect(status).toBe(21)
    expect(stderr).toContain('Check that the store can be reached')
    // It was asked more than once.
    expect(seen.length).toBeGreaterThan(1)
  })
})

describe('TLS', () => {
  it('with an authority of one’s own needs --cacert, and says so', async () => {
    const { space, run, done, address, access } = await storeWorkspace()
    const { authorityFile, key, cert } = makeCertificates(space.folder)
    const { endpoint, seen } = await startProxy(access.endpoint, { tls: { key, cert } })
    expect(endpoint).toMatch(/^https:/)
    const repo = ['--repo', address(endpoint)]
    const { status, stderr } = await run(['init', ...repo])
    expect(status).toBe(21)
    expect(stderr).toContain('Name the certificate of its authority with --cacert')
    expect(seen).toEqual([])

    await done(['init', ...repo, '--cacert', authorityFile])
    space.write('source/file', 'content')
    await done(['snapshot', ...repo, space.at('source')], { HOLDFAST_CACERT: authorityFile })
    space.write('config.yml', 'holdfast: { cacert: ca.pem }\n')
    await done([
      'restore',
      'latest',
      ...repo,
      '--target',
      space.at('target'),
      '--no-verify',
      '--yes',
    ])
    expect(readFileSync(join(space.at('target'), space.at('source/file')), 'utf8')).toBe('content')
    const missing = await run(['list', ...repo, '--cacert', space.at('nowhere')])
    expect(missing.status).toBe(21)
    expect(missing.stderr).toContain(`Cannot read the certificates in "${space.at('nowhere')}"`)
  })

  it('is not spoken by a store of http://, which the message tells', async () => {
    const { run, address, access } = await storeWorkspace()
    const endpoint = access.endpoint.replace('http:', 'https:')
    const { status, stderr } = await run(['list', '--repo', address(endpoint)])
    expect(status).toBe(21)
    expect(stderr).toContain('it does not speak TLS')
    expect(stderr).toContain('Write s3:http://')
  })
})

async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
