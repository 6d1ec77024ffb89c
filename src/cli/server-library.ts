import type { StartedServer, StartOptions } from '../server/start-server.ts'

/** What the command `serve` calls. */
export interface ServerLibrary {
  /** Answers over HTTP until it is stopped. */
  startServer(options: StartOptions): Promise<StartedServer>
}
