import { counted, humanBytes } from '../../../foundation/human.ts'

/** As the command prints sizes, also of what became less. */
export function byteText(bytes: number): string {
  return bytes < 0 ? `−${humanBytes(-bytes)}` : humanBytes(bytes)
}

/** `1,234,567 bytes`, for titles. */
export function exactByteText(bytes: number): string {
  return counted(bytes, 'byte')
}

/** `97.5 %` of a share from 0 to 1. */
export function percentText(share: number): string {
  const percent = share * 100
  return `${percent === 100 || percent === 0 ? percent : percent.toFixed(1)} %`
}

/** `3.4 ×` */
export function ratioText(ratio: number | null): string {
  return ratio === null || !Number.isFinite(ratio) ? '–' : `${ratio.toFixed(ratio < 10 ? 2 : 1)} ×`
}
