import type { JSX } from 'preact'

import { chosenQuery } from '../../list/use-order.ts'
import { hrefTo } from '../../state/address.ts'
import { Name } from '../../parts/values.tsx'
import { ancestors, pathQuery, type FilePath } from './file-path.ts'

export function Breadcrumbs(props: {
  readonly snapshotId: string
  readonly path: FilePath
}): JSX.Element {
  const all = ancestors(props.path)
  return (
    <nav class="breadcrumbs" aria-label="Folder">
      <ol>
        {all.map(({ name, path }, index) => (
          <li key={path.base64 ?? path.text}>
            <a
              href={hrefTo(['files', props.snapshotId], { ...pathQuery(path), ...chosenQuery() })}
              aria-current={index === all.length - 1 ? 'page' : undefined}
            >
              {index === 0 ? 'root' : <Name text={name} />}
            </a>
          </li>
        ))}
      </ol>
    </nav>
  )
}
