import { signal, type Signal } from '@preact/signals'

/** Moves on twice a minute, so that "5 min ago" stays true. */
export const now: Signal<number> = signal(Date.now())

export function followClock(): void {
  setInterval(() => {
    now.value = Date.now()
  }, 30_000)
}
