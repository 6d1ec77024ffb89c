import type { ExportOptions, ExportResult } from '../operations/export/export-options.ts'
import type {
  ImportedArchive,
  ImportOptions,
  ImportResult,
} from '../operations/import/import-options.ts'
import type { Repository } from '../repository/repository.ts'

export type { ExportResult, ImportedArchive, ImportResult }

/** The part of the commands' view of the library that is about archives. */
export interface ArchiveLibrary {
  exportSnapshot(repository: Repository, options: ExportOptions): Promise<ExportResult>
  importArchives(repository: Repository, options: ImportOptions): Promise<ImportResult>
}
