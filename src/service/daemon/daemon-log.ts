/** What the daemon says, one JSON line each; fields hold no secret. */
export interface DaemonLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Lines go to standard output as they come: what a process said before it died is what one looks for. */
export async function openDaemonLog(): Promise<DaemonLog> {
  const { pino } = await import('pino')
  const logger = pino(
    { base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 1, sync: true }),
  )
  return {
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  }
}
