import type { JSX } from 'preact'

import { requestJson } from '../../api/request.ts'
import { useResource } from '../../state/resource.ts'
import { visibleText } from '../../text/visible-text.ts'

export interface RestoreChoice {
  /** Empty: where the files came from. */
  readonly target: string
  readonly overwrite: boolean
  readonly verify: boolean
}

export interface RestoreFieldsProps {
  readonly choice: RestoreChoice
  onChange(choice: RestoreChoice): void
}

export function RestoreFields({ choice, onChange }: RestoreFieldsProps): JSX.Element {
  const roots = useRestoreRoots()
  return (
    <div class="form">
      <label class="field">
        <span>Target folder</span>
        <input
          class="input"
          list="restore-roots"
          placeholder="Where the files came from"
          autoComplete="off"
          spellcheck={false}
          value={choice.target}
          onInput={(event) => onChange({ ...choice, target: event.currentTarget.value })}
        />
        <datalist id="restore-roots">
          {roots.map((root) => (
            <option key={root} value={root} />
          ))}
        </datalist>
        <small class="muted">
          {roots.length === 0
            ? 'The server allows folders below its configured roots.'
            : `Allowed below ${roots.map(visibleText).join(', ')}.`}
        </small>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={choice.overwrite}
          onChange={(event) => onChange({ ...choice, overwrite: event.currentTarget.checked })}
        />
        Replace files that are different
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={choice.verify}
          onChange={(event) => onChange({ ...choice, verify: event.currentTarget.checked })}
        />
        Refuse a snapshot that is damaged, or not verified where backups have to be
      </label>
    </div>
  )
}

interface ServerSettings {
  readonly restore_roots?: readonly string[]
  readonly server?: { readonly restore_roots?: readonly string[] }
}

function useRestoreRoots(): readonly string[] {
  const { data } = useResource('config', (signal) =>
    requestJson<ServerSettings>('config', { signal }),
  )
  return data?.restore_roots ?? data?.server?.restore_roots ?? []
}
