import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'

import { Dialog } from './dialog.tsx'
import { Failure } from './states.tsx'

export interface ConfirmProps {
  readonly title: string
  readonly action: string
  readonly children: ComponentChildren
  /** Runs once `yes` was typed; a failure is shown and the dialog stays. */
  run(): Promise<void>
  onClose(): void
}

/** Asks for `yes`, as the command does on a terminal. */
export function ConfirmDialog(props: ConfirmProps): JSX.Element {
  const [typed, setTyped] = useState('')
  const [isRunning, setIsRunning] = useState(false)
  const [error, setError] = useState<Error>()
  const isConfirmed = typed.trim().toLowerCase() === 'yes'
  const run = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (!isConfirmed || isRunning) return
    setIsRunning(true)
    try {
      await props.run()
      props.onClose()
    } catch (failure) {
      setError(failure instanceof Error ? failure : new Error(String(failure)))
      setIsRunning(false)
    }
  }
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form class="form" onSubmit={run}>
        {props.children}
        <label class="field">
          <span>
            Type <strong>yes</strong> to go on
          </span>
          <input
            class="input"
            autoComplete="off"
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        {error !== undefined && <Failure error={error} />}
        <div class="dialog-foot">
          <button type="button" class="button" onClick={props.onClose}>
            Cancel
          </button>
          <button type="submit" class="button button-bad" disabled={!isConfirmed || isRunning}>
            {props.action}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
