import { readFile, stat } from 'node:fs/promises'
import type { Transporter } from 'nodemailer'

import {
  channelTimeoutMsDefault,
  type AlertChannel,
  type ChannelOptions,
  type ChannelResult,
  type Notice,
} from './channel.ts'
import { noticeSubject, noticeText } from './notice-text.ts'

type EmailChannel = Extract<AlertChannel, { type: 'email' }>

/** Sends one mail with all changes. A password is never sent in the clear, and a certificate that proves nothing is refused. */
export async function tellEmail(
  email: EmailChannel,
  notice: Notice,
  options: ChannelOptions,
): Promise<ChannelResult> {
  const server = new URL(email.server)
  const channel = `e-mail by ${server.host}`
  let transport: Transporter | undefined
  try {
    const password = await readPassword(email)
    transport = await openTransport(server, password, options)
    await transport.sendMail({
      from: oneLine(email.from),
      to: email.to.map(oneLine),
      subject: oneLine(noticeSubject(notice)),
      text: noticeText(notice),
      // Somebody's holiday notice must not answer a machine.
      headers: { 'Auto-Submitted': 'auto-generated' },
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    return { channel }
  } catch (error) {
    return { channel, error: describeMailFailure(error) }
  } finally {
    transport?.close()
  }
}

/** A line break in a header begins another header. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what has to go
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
}

async function openTransport(
  server: URL,
  password: string | undefined,
  { timeoutMs = channelTimeoutMsDefault }: ChannelOptions,
): Promise<Transporter> {
  const { createTransport } = await import('nodemailer')
  const isTls = server.protocol === 'smtps:'
  const host = server.hostname.replace(/^\[(.*)\]$/, '$1')
  const user = decodeURIComponent(server.username)
  return createTransport({
    host,
    port: server.port === '' ? (isTls ? 465 : 587) : Number(server.port),
    secure: isTls,
    // Without this, somebody between here and there takes the offer of TLS out and reads the password.
    requireTLS: !isTls && password !== undefined,
    ...(password !== undefined && { auth: { user, pass: password } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
  })
}

class PasswordFault extends Error {}

async function readPassword({ server, passwordFile }: EmailChannel): Promise<string | undefined> {
  const needsPassword = new URL(server).username !== ''
  if (passwordFile === undefined) {
    if (needsPassword) throw new PasswordFault('a user is named and no password_file')
    return undefined
  }
  try {
    const { mode } = await stat(passwordFile)
    if ((mode & 0o077) !== 0) {
      throw new PasswordFault('its password file can be read by others (chmod 600)')
    }
    return (await readFile(passwordFile, 'utf8')).replace(/\r?\n$/, '')
  } catch (error) {
    if (error instanceof PasswordFault) throw error
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new PasswordFault(`its password file cannot be read: ${code}`, { cause: error })
  }
}

/** What the server says may hold what it was told, the password included. Its numbers do not. */
function describeMailFailure(error: unknown): string {
  if (error instanceof PasswordFault) return error.message
  const { code, responseCode, command } = error as {
    code?: string
    responseCode?: number
    command?: string
  }
  const answer = typeof responseCode === 'number' ? ` (it answered ${responseCode})` : ''
  const step =
    typeof command === 'string' && /^[A-Z]{4,12}( [A-Z-]+)?$/.test(command) ? ` at ${command}` : ''
  return `${typeof code === 'string' ? code : 'it was not sent'}${step}${answer}`
}
