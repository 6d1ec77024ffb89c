import { HoldfastError } from '../../foundation/errors.ts'
import { tellNotice, type ServiceContext } from '../service-context.ts'

export type HookMoment = 'before' | 'after' | 'failed'
/** Names without `HOLDFAST_`; never a secret. */
export type HookFacts = Readonly<Record<string, string | number>>

/**
 * Runs the hook that the configuration has for a moment, if any. Only `before` can keep a backup from being made; of the others a failure is a notice.
 *
 * @throws {HoldfastError} `HOOK_FAILED`
 */
export async function runConfiguredHook(
  context: ServiceContext,
  moment: HookMoment,
  facts: HookFacts,
): Promise<void> {
  const { configuration, signal } = context
  const command = configuration?.settings.hooks[moment]
  if (configuration === undefined || command === undefined) return
  const { runHook } = await import('./run-hook.ts')
  const { error, output } = await runHook({
    command,
    facts: { ...facts, HOOK: moment },
    folder: configuration.folder,
    location: context.repository.location ?? '',
    timeoutMs: configuration.settings.hooks.timeoutSeconds * 1000,
    // What tells of a failure has to run also where the failure is an interruption.
    ...(moment !== 'failed' && { signal }),
  })
  if (error === undefined) return
  const lastLines = output.trim().split('\n').slice(-3).join(' ').slice(-500)
  const said = lastLines === '' ? '' : `, its output ends in: ${lastLines}`
  if (moment !== 'before') {
    tellNotice(context, `The hook "${moment}" failed: ${error}${said}`)
    return
  }
  signal.throwIfAborted()
  throw new HoldfastError('HOOK_FAILED', `Cannot back up: the hook "before" failed: ${error}`, {
    remedy: `Correct the program of holdfast.hooks.before in "${configuration.file}"${said}`,
    facts: { file: configuration.file },
  })
}
