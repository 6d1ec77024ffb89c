import { createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** `plain` takes mails without TLS; the others misbehave. */
export type SmtpMode = 'plain' | 'refuse' | 'hang' | 'drop'

export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  /** Headers and body as they came, without the final dot. */
  readonly data: string
}

export interface SmtpServer {
  readonly port: number
  readonly mails: ReceivedMail[]
  /** Everything that clients said outside of mails. */
  readonly lines: string[]
}

/** A server that speaks as much SMTP (RFC 5321) as a mail takes, and as little of it as the mode wants. */
export async function startSmtpServer(mode: SmtpMode): Promise<SmtpServer> {
  const mails: ReceivedMail[] = []
  const lines: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    if (mode === 'hang') return
    if (mode === 'drop') {
      socket.destroy()
      return
    }
    socket.write('220 test ESMTP\r\n')
    converse(socket, { mode, mails, lines })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, mails, lines }
}

function converse(
  socket: Socket,
  { mode, mails, lines }: { mode: SmtpMode; mails: ReceivedMail[]; lines: string[] },
): void {
  let pending = ''
  let from = ''
  let to: string[] = []
  let isData = false
  const answer = (line: string): void => {
    lines.push(line)
    const [, verb] = /^(\w+)/.exec(line) ?? ['', '']
    const [, address = ''] = /<([^>]*)>/.exec(line) ?? []
    switch (verb.toUpperCase()) {
      case 'EHLO':
        // Offers a password without TLS: whoever takes the offer sends it in the clear.
        socket.write('250-test\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n')
        break
      case 'MAIL':
        from = address
        to = []
        socket.write('250 ok\r\n')
        break
      case 'RCPT':
        to.push(address)
        socket.write(mode === 'refuse' ? '550 hunter2-geheim\r\n' : '250 ok\r\n')
        break
      case 'DATA':
        isData = true
        socket.write('354 go on\r\n')
        break
      case 'QUIT':
        socket.end('221 bye\r\n')
        break
      default:
        socket.write('502 what\r\n')
    }
  }
  socket.on('data', (part: Buffer) => {
    pending += part.toString()
    for (;;) {
      const end = pending.indexOf(isData ? '\r\n.\r\n' : '\r\n')
      if (end < 0) return
      const text = pending.slice(0, end)
      pending = pending.slice(end + (isData ? 5 : 2))
      if (isData) {
        isData = false
        mails.push({ from, to, data: text })
        socket.write('250 taken\r\n')
      } else answer(text)
    }
  })
}
