import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createNetServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'

import type { AlertChange } from '../../../src/monitoring/alerts/alert-history.ts'
import type { Channel, ChannelResult } from '../../../src/monitoring/channels/channel.ts'
import { notifyChannels } from '../../../src/monitoring/channels/notify-channels.ts'
import { pingRun } from '../../../src/monitoring/channels/ping-run.ts'
import { startSmtpServer, type SmtpMode } from './smtp-server.ts'

const secret = 'hunter2-geheim'
const change: AlertChange = {
  rule: 'no_recent_backup',
  state: 'raised',
  at: '2026-07-15T12:00:00.000Z',
  value: 72,
  threshold: 48,
  message: 'The newest backup is 3 d 00 h old\r\nBcc: victim@example.org',
}

async function notify(channels: readonly Channel[], timeoutMs = 2_000): Promise<ChannelResult[]> {
  return notifyChannels([change], channels, {
    repository: { repositoryId: 'ab'.repeat(16), location: '/srv/repo' },
    verdict: { is_protected: false, sentence: 'Attention needed: no recent backup' },
    hostname: 'web1\r\nSubject: other',
    timeoutMs,
    retryAfterMs: 20,
  })
}

interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

interface HttpServer {
  readonly port: number
  readonly received: Received[]
}

type Answer = { status: number; location?: string } | 'hang' | 'reset'

async function startHttpServer(
  answers: (attempt: number, path: string) => Answer,
): Promise<HttpServer> {
  const received: Received[] = []
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      received.push({ method, path, headers, body })
      const answer = answers(received.length, path)
      if (answer === 'hang') return
      if (answer === 'reset') {
        request.socket.destroy()
        return
      }
      response.writeHead(answer.status, answer.location ? { location: answer.location } : {})
      response.end(`you said ${secret}`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, received }
}

function webhook(port: number, path = `/${secret}`, headers: Record<string, string> = {}): Channel {
  return { type: 'webhook', url: `http://127.0.0.1:${port}${path}?token=${secret}`, headers }
}

describe('a webhook', () => {
  it('gets the changes as JSON, with the headers of the configuration', async () => {
    const { port, received } = await startHttpServer(() => ({ status: 204 }))
    const results = await notify([webhook(port, '/hook', { 'X-Key': secret })])
    expect(results).toEqual([{ channel: `webhook of 127.0.0.1:${port}` }])
    expect(received).toHaveLength(1)
    expect(received[0]).toMatchObject({ method: 'POST', path: `/hook?token=${secret}` })
    expect(received[0].headers).toMatchObject({
      'content-type': 'application/json',
      'x-key': secret,
    })
    expect(JSON.parse(received[0].body)).toMatchObject({
      message_type: 'alerts',
      is_protected: false,
      repository: '/srv/repo',
      alerts: [{ rule: 'no_recent_backup', state: 'raised', value: 72, threshold: 48 }],
    })
  })

  it.each<
    [
      name: string,
      answers: (attempt: number) => Answer,
      attempts: number,
      error: string | undefined,
    ]
  >([
    [
      'that fails once is asked again',
      (attempt) => (attempt === 1 ? { status: 503 } : { status: 200 }),
      2,
      undefined,
    ],
    [
      'that drops the first connection is asked again',
      (attempt) => (attempt === 1 ? 'reset' : { status: 200 }),
      2,
      undefined,
    ],
    ['that keeps failing is given up', () => ({ status: 500 }), 2, 'it answered with status 500'],
    ['that refuses is not asked again', () => ({ status: 403 }), 1, 'it answered with status 403'],
    ['that hangs is given up', () => 'hang', 2, 'no answer in time'],
    [
      'that redirects without end is given up',
      () => ({ status: 307, location: '/again' }),
      4,
      'it redirects without end',
    ],
    [
      'that redirects elsewhere is refused',
      () => ({ status: 307, location: `http://localhost:1/${secret}` }),
      1,
      'it redirects to another host, "localhost:1"',
    ],
    [
      'that redirects to nonsense is refused',
      () => ({ status: 301, location: 'http://[' }),
      1,
      'it answered with status 301',
    ],
  ])('%s', async (_, answers, attempts, error) => {
    const { port, received } = await startHttpServer(answers)
    const [result] = await notify([webhook(port)], 300)
    expect(result.error).toBe(error)
    expect(received).toHaveLength(attempts)
    expect(JSON.stringify(result)).not.toContain(secret)
  })

  it('follows a redirect to the same host with the same message', async () => {
    const { port, received } = await startHttpServer((attempt) =>
      attempt === 1 ? { status: 308, location: '/new' } : { status: 200 },
    )
    expect((await notify([webhook(port)]))[0].error).toBeUndefined()
    expect(received.map(({ method, path }) => [method, path])).toEqual([
      ['POST', `/${secret}?token=${secret}`],
      ['POST', '/new'],
    ])
    expect(received[1].body).toBe(received[0].body)
  })

  it('with a name and a password in its address is told them in a header', async () => {
    const { port, received } = await startHttpServer(() => ({ status: 200 }))
    const url = `http://user:${secret}@127.0.0.1:${port}/`
    const [result] = await notify([{ type: 'webhook', url, headers: {} }])
    expect(result).toEqual({ channel: `webhook of 127.0.0.1:${port}` })
    const basic = Buffer.from(`user:${secret}`).toString('base64')
    expect(received[0].headers.authorization).toBe(`Basic ${basic}`)
  })

  it.each([
    ['http://127.0.0.1:2/', 'ECONNREFUSED'],
    ['http://nowhere.invalid/', undefined],
    ['http://127.0.0.1:99999/', undefined],
    ['not an address', undefined],
  ])('at %s is reported without its address', async (address, code) => {
    const [result] = await notify([{ type: 'webhook', url: `${address}${secret}`, headers: {} }])
    expect(result.error).toBeDefined()
    if (code !== undefined) expect(result.error).toBe(code)
    expect(JSON.stringify(result)).not.toContain(secret)
  })

  it('with a header that cannot be sent is reported without the header', async () => {
    const [result] = await notify([webhook(1, '/', { key: `${secret}\n` })])
    expect(result.error).toBeDefined()
    expect(JSON.stringify(result)).not.toContain(secret)
  })

  it('with a certificate that nobody vouches for is told nothing', async () => {
    const { key, cert } = selfSigned()
    let bytes = 0
    const server = createTlsServer({ key, cert }, (socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (part) => (bytes += part.length))
    })
    server.on('tlsClientError', () => undefined)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const url = `https://127.0.0.1:${port}/${secret}`
    const [result] = await notify([{ type: 'webhook', url, headers: {} }])
    expect(result.error).toMatch(/SELF_SIGNED/)
    expect(bytes).toBe(0)
  })
})

describe('a ping', () => {
  it('tells of start, success and failure', async () => {
    const { port, received } = await startHttpServer(() => ({ status: 200 }))
    const ping = { type: 'ping', url: `http://127.0.0.1:${port}/ping/${secret}?a=b` } as const
    for (const moment of ['start', 'success', 'fail'] as const) {
      expect(await pingRun(ping, moment)).toEqual({ channel: `ping of 127.0.0.1:${port}` })
    }
    expect(received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /ping/${secret}/start?a=b`,
      `GET /ping/${secret}?a=b`,
      `GET /ping/${secret}/fail?a=b`,
    ])
  })

  it('is told of runs only, and never throws', async () => {
    const url = `http://127.0.0.1:2/${secret}`
    expect(await notify([{ type: 'ping', url }])).toEqual([])
    const options = { timeoutMs: 200, retryAfterMs: 1 }
    const failed = await pingRun({ type: 'ping', url }, 'fail', options)
    expect(failed).toEqual({ channel: 'ping of 127.0.0.1:2', error: 'ECONNREFUSED' })
    expect((await pingRun({ type: 'ping', url: secret }, 'start', options)).error).not.toContain(
      secret,
    )
  })
})

describe('a command', () => {
  const folder = (): string => mkdtempSync(join(tmpdir(), 'holdfast-channel-'))

  it('gets the text and the parts, and none of our secrets', async () => {
    const file = join(folder(), 'told')
    const script = `{ cat; env; } > ${file}; echo ${secret}`
    process.env['HOLDFAST_PASSPHRASE'] = secret
    process.env['HOLDFAST_TOKEN'] = secret
    onTestFinished(() => {
      delete process.env['HOLDFAST_PASSPHRASE']
      delete process.env['HOLDFAST_TOKEN']
    })
    const results = await notify([
      { type: 'command', argv: ['/bin/sh', '-c', script], timeoutSeconds: 5 },
    ])
    expect(results).toEqual([{ channel: 'command sh' }])
    const told = readFileSync(file, 'utf8')
    expect(told).toContain('Attention needed: no recent backup.')
    expect(told).toContain('HOLDFAST_ALERT_RULE=no_recent_backup\n')
    expect(told).toContain('HOLDFAST_ALERT_STATE=raised\n')
    expect(told).toContain('HOLDFAST_ALERT_VALUE=72\n')
    expect(told).not.toContain(secret)
  })

  it.each<[argv: string[], error: string]>([
    [['/bin/sh', '-c', `echo ${secret} >&2; exit 3`], 'it ended with 3'],
    [['/no/such/program', secret], 'it cannot be started: ENOENT'],
    [['/bin/sh', '-c', 'kill -9 $$'], 'it was ended by SIGKILL'],
    [[], 'it has no words'],
  ])('%j is reported', async (argv, error) => {
    const [result] = await notify([{ type: 'command', argv, timeoutSeconds: 5 }])
    expect(result.error).toBe(error)
    expect(JSON.stringify(result)).not.toContain(secret)
  })

  it('that hangs is ended with all that it started', async () => {
    const file = join(folder(), 'survivor')
    const script = `(trap "" TERM; sleep 4; echo > ${file}) & trap "" TERM; sleep 30`
    const startMs = Date.now()
    const [result] = await notify(
      [{ type: 'command', argv: ['/bin/sh', '-c', script], timeoutSeconds: 60 }],
      200,
    )
    expect(result.error).toBe('it took too long and was ended')
    expect(Date.now() - startMs).toBeLessThan(20_000)
    await sleep(Math.max(0, 5_500 - (Date.now() - startMs)))
    expect(existsSync(file)).toBe(false)
  })
})

describe('an e-mail', () => {
  const email = (port: number, changes: object = {}): Channel => ({
    type: 'email',
    server: `smtp://127.0.0.1:${port}`,
    from: 'backup@example.org',
    to: ['ops@example.org', 'more@example.org'],
    ...changes,
  })

  function passwordFile(mode = 0o600): string {
    const file = join(mkdtempSync(join(tmpdir(), 'holdfast-mail-')), 'password')
    writeFileSync(file, `${secret}\n`)
    chmodSync(file, mode)
    return file
  }

  it('comes with all changes, and a line break begins no header', async () => {
    const { port, mails } = await startSmtpServer('plain')
    expect(await notify([email(port)])).toEqual([{ channel: `e-mail by 127.0.0.1:${port}` }])
    expect(mails).toHaveLength(1)
    const [{ from, to, data }] = mails
    expect(from).toBe('backup@example.org')
    expect(to).toEqual(['ops@example.org', 'more@example.org'])
    const [head, ...paragraphs] = data.split('\r\n\r\n')
    const names = head.split(/\r\n(?![ \t])/).map((line) => line.split(':')[0].toLowerCase())
    expect(names.filter((name) => name === 'subject')).toHaveLength(1)
    expect(names).not.toContain('bcc')
    expect(head).toContain('Auto-Submitted: auto-generated')
    expect(paragraphs.join('\n')).toContain('RAISED  no recent backup')
  })

  it('keeps line breaks out of addresses', async () => {
    const { port, mails } = await startSmtpServer('plain')
    const to = ['ops@example.org\r\nBcc: victim@example.org']
    await notify([email(port, { to, from: 'a@example.org\r\nX-Evil: 1' })])
    for (const { data, to: receivers } of mails) {
      expect(data.split('\r\n\r\n', 1)[0]).not.toMatch(/^(?:bcc|x-evil):/im)
      for (const receiver of receivers) expect(receiver).not.toContain('\n')
    }
  })

  it.each<[mode: SmtpMode, error: RegExp]>([
    ['refuse', /^E[A-Z]+.*\b550\b/],
    ['hang', /^E[A-Z]+/],
    ['drop', /^E[A-Z]+/],
  ])('to a server that will %s is reported', async (mode, error) => {
    const { port } = await startSmtpServer(mode)
    const [result] = await notify([email(port)], 400)
    expect(result.error).toMatch(error)
    expect(JSON.stringify(result)).not.toContain(secret)
  })

  it('never sends a password without TLS', async () => {
    const { port, lines } = await startSmtpServer('plain')
    const channel = email(port, {
      server: `smtp://user@127.0.0.1:${port}`,
      passwordFile: passwordFile(),
    })
    const [result] = await notify([channel])
    expect(result.error).toBeDefined()
    expect(lines.join('\n')).not.toMatch(/^AUTH/im)
    expect(JSON.stringify([result, lines])).not.toContain(secret)
  })

  it('refuses a certificate that nobody vouches for', async () => {
    const { key, cert } = selfSigned()
    const server = createTlsServer({ key, cert }, (socket) => socket.on('error', () => undefined))
    server.on('tlsClientError', () => undefined)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const channel = email(port, {
      server: `smtps://user@127.0.0.1:${port}`,
      passwordFile: passwordFile(),
    })
    const [result] = await notify([channel])
    expect(result.error).toMatch(/^E[A-Z]+|SELF_SIGNED/)
    expect(JSON.stringify(result)).not.toContain(secret)
  })

  it.each<[fields: () => object, error: RegExp]>([
    [() => ({ passwordFile: passwordFile(0o644) }), /can be read by others/],
    [() => ({ passwordFile: '/no/such/file' }), /cannot be read: ENOENT/],
    [() => ({}), /a user is named and no password_file/],
  ])('does not go out without its password (%#)', async (fields, error) => {
    const { port, lines } = await startSmtpServer('plain')
    const [result] = await notify([
      email(port, { server: `smtp://user@127.0.0.1:${port}`, ...fields() }),
    ])
    expect(result.error).toMatch(error)
    expect(lines).toEqual([])
  })
})

describe('channels together', () => {
  it('are told at once, and one that fails keeps no other from it', async () => {
    const { port, received } = await startHttpServer(() => ({ status: 200 }))
    const refused = createNetServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => refused.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void refused.close())
    const broken = (refused.address() as AddressInfo).port
    const results = await notify([webhook(broken), webhook(port)])
    expect(results.map(({ error }) => error === undefined)).toEqual([false, true])
    expect(received).toHaveLength(1)
  })

  it('are told nothing when nothing changed', async () => {
    const options = {
      repository: { repositoryId: '', location: '' },
      verdict: { is_protected: true, sentence: '' },
    }
    expect(await notifyChannels([], [webhook(1)], options)).toEqual([])
  })
})

function selfSigned(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tls-'))
  const key = join(folder, 'key.pem')
  const cert = join(folder, 'cert.pem')
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
      '-subj',
      '/CN=127.0.0.1',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    ],
    { stdio: 'ignore' },
  )
  return { key: readFileSync(key), cert: readFileSync(cert) }
}
