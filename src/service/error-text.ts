/** What is recorded and told of an error: its message in one line, without a stack. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/\s*\n\s*/g, ' ').slice(0, 2_000)
}
