import { signal, type Signal } from '@preact/signals'

export const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const key = 'holdfast.theme'

export const theme: Signal<Theme> = signal<Theme>('auto')

export function restoreTheme(): void {
  const stored = readStored()
  chooseTheme(themes.find((each) => each === stored) ?? 'auto')
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen
  document.documentElement.dataset['theme'] = chosen
  try {
    localStorage.setItem(key, chosen)
  } catch {
    // A browser that keeps nothing goes without.
  }
}

function readStored(): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}
