import { createHash } from 'node:crypto'

import { DirectoryWriter, type StoredDirectory } from '../../src/format/tree/directory-writer.ts'
import { EntryDraft } from '../../src/format/tree/entry-draft.ts'
import { saveSnapshot } from '../../src/operations/snapshot/save-snapshot.ts'
import { emptyBlobCounts } from '../../src/repository/store-snapshot.ts'
import type { BlobSession } from '../../src/repository/blob-session.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { underLease } from '../../src/repository/under-lease.ts'

/** A tree of `projects` × `folders` × `files` that changes a little every night. */
export interface HistoryShape {
  readonly snapshots: number
  readonly projects: number
  readonly folders: number
  readonly files: number
  /** Folders in which a file changes each night. */
  readonly changedFolders: number
  /** Folders in which a file is new each night. */
  readonly grownFolders: number
}

interface Folder {
  /** How often each file was written. */
  readonly versions: number[]
  stored: StoredDirectory | undefined
}

const endings = ['log', 'json', 'faiss', 'pdf', 'md', 'yml', 'ts', 'csv'] as const
const firstNightMs = Date.UTC(2023, 0, 1, 2)
const dayMs = 86_400_000
const fileBytes = 40

/**
 * Saves one snapshot for each night, through the writers that real snapshots go through; only the files are made up. Real are the objects,
 * the catalogue, and what snapshots share.
 */
export class SnapshotHistory {
  readonly #repository: Repository
  readonly #shape: HistoryShape
  readonly #folders: Folder[][]
  readonly #projects: (StoredDirectory | undefined)[]
  readonly #draft = new EntryDraft()
  #writer: DirectoryWriter | undefined
  #seed = 12_345

  constructor(repository: Repository, shape: HistoryShape) {
    this.#repository = repository
    this.#shape = shape
    this.#projects = Array.from({ length: shape.projects }, () => undefined)
    this.#folders = Array.from({ length: shape.projects }, () =>
      Array.from({ length: shape.folders }, () => ({
        versions: new Array<number>(shape.files).fill(0),
        stored: undefined,
      })),
    )
  }

  get paths(): number {
    const { projects, folders } = this.#shape
    const files = this.#folders.flat().reduce((sum, { versions }) => sum + versions.length, 0)
    return files + projects * folders + projects
  }

  async save(onNight?: (night: number) => void): Promise<void> {
    for (let night = 0; night < this.#shape.snapshots; night++) {
      if (night > 0) this.#change()
      await this.#saveNight(night)
      onNight?.(night)
    }
  }

  #change(): void {
    const { changedFolders, grownFolders, projects, folders } = this.#shape
    for (let count = 0; count < changedFolders + grownFolders; count++) {
      const project = this.#random(projects)
      const folder = this.#folders[project][this.#random(folders)]
      if (count < changedFolders) folder.versions[this.#random(folder.versions.length)] += 1
      else folder.versions.push(0)
      folder.stored = undefined
      this.#projects[project] = undefined
    }
  }

  async #saveNight(night: number): Promise<void> {
    const startedAtMs = firstNightMs + night * dayMs
    await underLease(this.#repository, 'shared', 'snapshot', async (lease) => {
      await saveSnapshot(this.#repository, lease, {
        signal: undefined,
        onEvent: undefined,
        chooseParent: () => null,
        store: ({ session }) => this.#store(session),
        manifest: ({ root }) => ({
          version: 1,
          type: night % 7 === 0 ? 'full' : 'incremental',
          startedAtMs,
          endedAtMs: startedAtMs + 60_000,
          hostname: 'host',
          username: 'user',
          base: '/',
          paths: ['/'],
          tree: { id: root.id.toString('hex'), bytes: root.bytes },
          parentId: null,
          description: '',
          tags: [],
          excludes: [],
          statistics: {
            ...emptyBlobCounts(),
            files: this.paths,
            directories: this.#shape.projects * (this.#shape.folders + 1) + 1,
            others: 0,
            bytes: root.totalSize,
            newFiles: 0,
            changedFiles: 0,
            unchangedFiles: 0,
            storedBytesAdded: 0,
            unreadable: 0,
          },
          unreadable: [],
          program: 'native-bench',
        }),
      })
    })
  }

  async #store({ store, packs }: BlobSession): Promise<StoredDirectory> {
    this.#writer = new DirectoryWriter((bytes) => store.storeTree(bytes))
    const projects: [string, StoredDirectory][] = []
    for (const [number, folders] of this.#folders.entries()) {
      let project = this.#projects[number]
      if (!project) {
        const stored = folders.map((folder, index): [string, StoredDirectory] => {
          folder.stored ??= this.#storeFolder(number, index, folder, store)
          return [`folder-${pad(index)}`, folder.stored]
        })
        project = this.#storeDirectories(stored)
        this.#projects[number] = project
        await packs.settle()
      }
      projects.push([`project-${pad(number)}`, project])
    }
    return this.#storeDirectories(projects)
  }

  #storeFolder(
    project: number,
    folder: number,
    { versions }: Folder,
    store: BlobSession['store'],
  ): StoredDirectory {
    const lengths = new Float64Array([fileBytes])
    for (const [index, version] of versions.entries()) {
      const text = `${project} ${folder} ${index} ${version}`.padEnd(fileBytes, '.')
      const draft = this.#newDraft(nameOf(project, folder, index), 0o100644)
      draft.size = fileBytes
      draft.mtimeLow = 1_600_000_000 + version
      draft.setContent(store.storeData(Buffer.from(text)), lengths)
      this.#append(draft)
    }
    return this.#finish()
  }

  #storeDirectories(directories: readonly [string, StoredDirectory][]): StoredDirectory {
    for (const [name, { id, bytes, totalSize }] of directories) {
      const draft = this.#newDraft(name, 0o040755)
      draft.size = totalSize
      draft.setContent(id, new Float64Array([bytes]))
      this.#append(draft)
    }
    return this.#finish()
  }

  #newDraft(name: string, mode: number): EntryDraft {
    this.#draft.clear()
    this.#draft.setName(Buffer.from(name))
    this.#draft.mode = mode
    return this.#draft
  }

  #append(draft: EntryDraft): void {
    this.#writer?.append(draft)
  }

  #finish(): StoredDirectory {
    if (!this.#writer) throw new RangeError('Nothing is being written')
    return this.#writer.finish()
  }

  #random(below: number): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((this.#seed / 2 ** 32) * below)
  }
}

function pad(number: number): string {
  return String(number).padStart(4, '0')
}

/** In the order of the bytes; a word that differs from folder to folder, so that searches can be narrow. */
export function nameOf(project: number, folder: number, index: number): string {
  const word = createHash('sha256')
    .update(`${project} ${folder} ${index}`)
    .digest('hex')
    .slice(0, 6)
  return `${pad(index)}-${word}.${endings[index % endings.length]}`
}
