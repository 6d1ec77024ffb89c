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
  readonly restoreTarget: string
}

/**
 * A backup tool as the bench sees it: command lines for each piece of work, with the tool's default
 * options.
 *
 * Several commands for one work are run one after the other and counted together.
 */
export interface Tool {
  readonly name: string
  /** One line for the report: version, encryption, compression. */
  readonly description: string
  create(site: ToolSite): readonly Command[]
  backup(site: ToolSite): readonly Command[]
  /** Restores the latest snapshot into the empty `restoreTarget`; may ask which that is. */
  restore(site: ToolSite): readonly Command[]
  /**
   * Where the restored source folder may be found, the most likely place first; the first that
   * exists counts.
   */
  restoredFolders(site: ToolSite): readonly string[]
  /** Reads and checks all data. */
  verify(site: ToolSite): readonly Command[]
  /**
   * Removes every snapshot but the latest and frees the space. May ask the tool which snapshots
   * there are.
   */
  deleteAndPrune(site: ToolSite): readonly Command[]
}
