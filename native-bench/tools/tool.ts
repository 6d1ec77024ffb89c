import type { Command } from '../harness/measure-command.ts'

/**
 * Where a tool works during one scenario; everything is below folders that the bench removes
 * afterwards.
 */
export interface ToolSite {
  readonly repository: string
  /** The tool's local cache or catalogue. */
  readonly cache: string
  readonly home: string
  /** The folder that is backed up. */
  readonly source: string
  /** What the repository's place takes besides: keys of an object store. */
  readonly environment?: Readonly<Record<string, string>>
}

/** What is to be brought back, and where. */
export interface RestoreRequest {
  /** One of `snapshots`. */
  readonly snapshot: string
  /** An empty folder. */
  readonly target: string
  /** A folder in the state that the snapshot holds, for a tool that copies instead of restoring. */
  readonly original: string
  /** Files have holes: a tool that writes them out unless told otherwise is told otherwise. */
  readonly isSparse: boolean
}

/** One file that is to be brought back. */
export interface RestoreFileRequest {
  readonly snapshot: string
  /** Relative to the folder that was backed up. */
  readonly path: string
  /** An empty folder; the file may come to lie anywhere in it. */
  readonly target: string
}

/**
 * A backup tool as the bench sees it: command lines for each piece of work, with the tool's default
 * options. Rows of works that it lacks stay empty.
 *
 * Several commands for one work are run one after the other and counted together.
 */
export interface Tool {
  readonly name: string
  /** One line for the report: version, encryption, compression. */
  readonly description: string
  create(site: ToolSite): readonly Command[]
  backup(site: ToolSite): readonly Command[]
  /** Asks, outside the measurement, which snapshots there are, the oldest first. */
  snapshots(site: ToolSite): readonly string[]
  restore(site: ToolSite, request: RestoreRequest): readonly Command[]
  /**
   * Where the restored source folder may be found, the most likely place first; the first that
   * exists counts.
   */
  restoredFolders(site: ToolSite, target: string): readonly string[]
  /** In the fastest form that the tool's manual names. */
  restoreFile?(site: ToolSite, request: RestoreFileRequest): readonly Command[]
  /** Reads and checks all data. */
  verify?(site: ToolSite): readonly Command[]
  /** Removes these snapshots and frees the space. */
  deleteAndPrune?(site: ToolSite, snapshots: readonly string[]): readonly Command[]
}
