import type { JSX } from 'preact'

import { Dialog } from './dialog.tsx'

const keys: readonly (readonly [keys: readonly string[], says: string])[] = [
  [['/'], 'Go to the search field'],
  [['?'], 'This help'],
  [['g', 'o'], 'Overview'],
  [['g', 's'], 'Snapshots'],
  [['g', 'j'], 'Jobs'],
  [['g', 'd'], 'Compare'],
  [['↑', '↓'], 'Move in a list; Home, End, Page Up, Page Down too'],
  [['Enter'], 'Open the row'],
  [['Space'], 'Select the row; with Shift, all from the last one selected'],
  [['Esc'], 'Close a dialog'],
]

export function HelpDialog({ onClose }: { onClose(): void }): JSX.Element {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="facts keys">
        {keys.map(([combination, says]) => (
          <div key={says} class="facts-pair">
            <dt>
              {combination.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{says}</dd>
          </div>
        ))}
      </dl>
      <p class="muted">
        What is here can also be done with the command <code>holdfast</code> and over{' '}
        <a href="api/v1/openapi.json" target="_blank" rel="noreferrer">
          the API
        </a>
        .
      </p>
    </Dialog>
  )
}
