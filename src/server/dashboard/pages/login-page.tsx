import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

import { ApiError } from '../api/request.ts'
import { signIn } from '../api/sign-in.ts'
import { Logo } from '../parts/logo.tsx'
import { visibleText } from '../text/visible-text.ts'

export function LoginPage({ message }: { readonly message: string }): JSX.Element {
  const field = useRef<HTMLInputElement>(null)
  const [token, setToken] = useState('')
  const [error, setError] = useState(message)
  const [isSending, setIsSending] = useState(false)
  useEffect(() => {
    document.title = 'Sign in – Holdfast'
    field.current?.focus()
  }, [])
  const send = async (event: Event): Promise<void> => {
    event.preventDefault()
    setIsSending(true)
    try {
      await signIn(token.trim())
    } catch (failure) {
      setError(failureText(failure))
      setIsSending(false)
    }
  }
  return (
    <main class="login">
      <form class="card form" onSubmit={send}>
        <h1>
          <Logo /> Holdfast
        </h1>
        <label class="field">
          <span>Token</span>
          <input
            class="input mono"
            type="password"
            autoComplete="current-password"
            ref={field}
            required
            value={token}
            aria-invalid={error !== ''}
            aria-describedby="login-help login-error"
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <p id="login-error" class="text-bad" role="alert">
          {visibleText(error)}
        </p>
        <button type="submit" class="button button-accent" disabled={isSending || token === ''}>
          Sign in
        </button>
        <p id="login-help" class="muted">
          <code>holdfast serve</code> printed it when it started first, and says where it is kept.
        </p>
      </form>
    </main>
  )
}

function failureText(failure: unknown): string {
  if (failure instanceof ApiError && failure.status === 401) return 'This token is not valid.'
  return failure instanceof Error ? failure.message : String(failure)
}
