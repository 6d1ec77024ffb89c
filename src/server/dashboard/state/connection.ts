import { signal, type Signal } from '@preact/signals'

/** Whether the server answered last time it was asked. */
export const connection: Signal<'open' | 'lost'> = signal<'open' | 'lost'>('open')
