import type { Command } from 'commander'
import { resolve } from 'node:path'

import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { parsePort, parseText } from '../option-values.ts'
import { writeJsonLine } from '../output/json.ts'
import { readMonitoringSettings } from '../read-monitoring-settings.ts'
import type { Session } from '../session.ts'
import type { StartedServer } from '../../server/start-server.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface ServeFlags {
  readonly host?: string
  readonly port?: number
  readonly tlsCertificate?: string
  readonly tlsKey?: string
  readonly insecureHttp?: true
}

export function defineServe(command: Command, run: RunAction): void {
  command
    .option('--host <address>', 'listen on this address (default 127.0.0.1)', parseText)
    .option('--port <number>', 'listen on this port (default 8080; 0 for any)', parsePort)
    .option('--tls-certificate <file>', 'speak TLS with this certificate (PEM)', parseText)
    .option('--tls-key <file>', 'the key of the certificate (PEM)', parseText)
    .option(
      '--insecure-http',
      'listen for other machines without TLS, behind a proxy that speaks it',
    )
    .addHelpText(
      'after',
      '\nWho asks needs the token: HOLDFAST_TOKEN, or holdfast.server.token_file, or one that is made up' +
        '\nat the first start and shown once. SIGTERM or Ctrl-C stops the server.',
    )
  addExamples(command, [
    ['holdfast serve', 'the dashboard and the endpoints on http://127.0.0.1:8080'],
    [
      'HOLDFAST_TOKEN=$(openssl rand -hex 32) holdfast serve --port 9000',
      'with a token of your own',
    ],
    [
      'holdfast serve --host 0.0.0.0 --tls-certificate cert.pem --tls-key key.pem',
      'for other machines',
    ],
  ])
  command.action((flags: ServeFlags) => run(command, (session) => serve(session, flags)))
}

async function serve(session: Session, flags: ServeFlags): Promise<ExitStatus> {
  const { environment, signal, terminal, workingFolder } = session
  const configuration = await session.configuration()
  const { cacheDirectory } = await session.openOptions()
  const { settings: monitoring } = await readMonitoringSettings(session)
  const token = take(environment, 'HOLDFAST_TOKEN')
  const readOnlyToken = take(environment, 'HOLDFAST_READ_ONLY_TOKEN')
  const at = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : resolve(workingFolder, file)
  await session.withRepository(async (library, repository) => {
    const server = await library.startServer({
      repository,
      configuration,
      monitoring,
      token,
      readOnlyToken,
      cacheDirectory,
      host: flags.host,
      port: flags.port,
      certificateFile: at(flags.tlsCertificate),
      certificateKeyFile: at(flags.tlsKey),
      allowsInsecureHttp: flags.insecureHttp === true,
      writeLog: (line) => terminal.writeError(line),
      logsRequests: session.globals.verbose === true,
    })
    tellListening(session, server)
    await untilAborted(signal)
    await server.stop()
  })
  return exitStatus.done
}

/** Programs that are started from here do not see it. */
function take(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = environment[name]
  delete environment[name]
  return value
}

function tellListening(session: Session, { url, port, newToken }: StartedServer): void {
  if (session.isJson) {
    writeJsonLine(session.terminal, {
      message_type: 'listening',
      url,
      port,
      ...(newToken !== undefined && { token: newToken.token, token_file: newToken.file }),
    })
    return
  }
  session.say(`Listening on ${url}\n`)
  if (newToken === undefined) return
  session.say(`Token, shown this once and kept in ${newToken.file}:\n${newToken.token}\n`)
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done()
    else signal.addEventListener('abort', () => done(), { once: true })
  })
}
