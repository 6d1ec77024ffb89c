import { signal, type Signal } from '@preact/signals'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'

/** Counts up when something in the repository changed; whatever is on the page is then read again. */
export const changes: Signal<number> = signal(0)

export function noteChange(): void {
  changes.value++
}

export interface Resource<Data> {
  readonly data: Data | undefined
  readonly error: Error | undefined
  readonly isLoading: boolean
  reload(): void
}

/** What was read last, so that going back shows it at once while it is read again. */
const kept = new Map<string, unknown>()
const keptMax = 40

export function clearResources(): void {
  kept.clear()
}

/**
 * Reads something for as long as a part of the page shows it.
 *
 * @param key says what is read; another key reads anew, null reads nothing
 */
export function useResource<Data>(
  key: string | null,
  read: (signal: AbortSignal) => Promise<Data>,
): Resource<Data> {
  const [, redraw] = useState(0)
  const [turn, setTurn] = useState(0)
  const state = useRef<{ key: string | null; error?: Error | undefined; isLoading: boolean }>({
    key: null,
    isLoading: true,
  })
  const change = changes.value
  useEffect(() => {
    if (key === null) return undefined
    const abort = new AbortController()
    const finish = (error?: Error): void => {
      if (abort.signal.aborted) return
      state.current = { key, error, isLoading: false }
      redraw((count) => count + 1)
    }
    state.current = { ...state.current, key, isLoading: true }
    read(abort.signal).then(
      (data) => {
        if (abort.signal.aborted) return
        keep(key, data)
        finish()
      },
      (error: unknown) => finish(error instanceof Error ? error : new Error(String(error))),
    )
    return () => abort.abort()
    // `read` is made anew with each drawing; `key` says when it means something else.
  }, [key, turn, change])
  const isCurrent = state.current.key === key
  const reload = useCallback(() => setTurn((count) => count + 1), [])
  return {
    data: key === null ? undefined : (kept.get(key) as Data | undefined),
    error: isCurrent ? state.current.error : undefined,
    isLoading: key !== null && (!isCurrent || state.current.isLoading),
    reload,
  }
}

function keep(key: string, data: unknown): void {
  kept.delete(key)
  kept.set(key, data)
  const oldest = kept.keys().next()
  if (kept.size > keptMax && oldest.done !== true) kept.delete(oldest.value)
}
