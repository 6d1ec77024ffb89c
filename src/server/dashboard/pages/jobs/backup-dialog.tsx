import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

import { startJob } from '../../api/start-job.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Failure } from '../../parts/states.tsx'
import { goTo } from '../../state/route.ts'

const types = [
  ['incremental', 'Incremental', 'All configured paths; unchanged files are trusted.'],
  ['full', 'Full', 'All configured paths; every file is read again.'],
  ['index', 'Index', 'Only the index.'],
  ['cache', 'Cache', 'Only the cache.'],
  ['config', 'Config', 'Only the configuration.'],
] as const

export function BackupDialog({ onClose }: { onClose(): void }): JSX.Element {
  const [type, setType] = useState<string>('incremental')
  const [description, setDescription] = useState('')
  const [error, setError] = useState<Error>()
  const [isSending, setIsSending] = useState(false)
  const start = async (event: Event): Promise<void> => {
    event.preventDefault()
    setIsSending(true)
    try {
      const job = await startJob({ kind: 'create', type, description })
      onClose()
      goTo(['jobs', job.id])
    } catch (failure) {
      setError(failure instanceof Error ? failure : new Error(String(failure)))
      setIsSending(false)
    }
  }
  return (
    <Dialog title="Back up now" onClose={onClose}>
      <form class="form" onSubmit={start}>
        <fieldset class="radios">
          <legend>Type</legend>
          {types.map(([value, name, says]) => (
            <label key={value} class="radio">
              <input
                type="radio"
                name="type"
                value={value}
                checked={type === value}
                onChange={() => setType(value)}
              />
              <span>
                <strong>{name}</strong> <span class="muted">{says}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <label class="field">
          <span>Description</span>
          <input
            class="input"
            maxLength={500}
            value={description}
            onInput={(event) => setDescription(event.currentTarget.value)}
          />
        </label>
        {error !== undefined && <Failure error={error} />}
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button button-accent" disabled={isSending}>
            Start
          </button>
        </div>
      </form>
    </Dialog>
  )
}
