import { defaultCacheDirectory } from '../repository/open-repository.ts'
import { runServer, type RunningServer, type ServerOptions } from './run-server.ts'
import { findTokens } from './security/find-tokens.ts'

export interface StartOptions extends Omit<ServerOptions, 'tokens'> {
  /** Values of `HOLDFAST_TOKEN` and `HOLDFAST_READ_ONLY_TOKEN`. */
  readonly token: string | undefined
  readonly readOnlyToken: string | undefined
  /** Where catalogues are kept, and a token that is made up. */
  readonly cacheDirectory: string | undefined
}

export interface StartedServer extends RunningServer {
  /** A token that was made up just now; nobody will be told again. */
  readonly newToken?: { readonly token: string; readonly file: string }
}

/** Finds the tokens, or makes one up, and starts the server. @throws {HoldfastError} */
export async function startServer(options: StartOptions): Promise<StartedServer> {
  const { token, readOnlyToken, cacheDirectory = defaultCacheDirectory(), ...others } = options
  const settings = options.configuration?.settings.server
  const { tokens, generatedIn } = findTokens({
    variable: token,
    readOnlyVariable: readOnlyToken,
    file: settings?.tokenFile,
    readOnlyFile: settings?.readOnlyTokenFile,
    cacheDirectory,
  })
  const server = await runServer({ ...others, tokens })
  return {
    ...server,
    ...(generatedIn !== undefined && { newToken: { token: tokens.full, file: generatedIn } }),
  }
}
