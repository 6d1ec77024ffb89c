import type * as openModule from '../repository/open-repository.ts'
import type { Library, NextOperation } from './library.ts'

/** What takes longest to load, while the passphrase is turned into a key. */
const operations: Record<NextOperation, () => Promise<unknown>> = {
  list: () => import('../repository/list-snapshots.ts'),
  snapshot: () => import('../operations/snapshot/snapshot.ts'),
  restore: () => import('../operations/restore/restore.ts'),
  verify: () => import('../operations/verify/verify.ts'),
  prune: () => import('../operations/prune/prune.ts'),
  copy: () => import('../operations/copy/copy-snapshots.ts'),
}

/**
 * The library, each operation loaded when it is called for the first time.
 *
 * Loading all of it takes 110 ms, opening a repository and listing its snapshots 50, and a list is asked for often.
 */
export const lazyLibrary: Library = {
  async initRepository(options) {
    const { initRepository } = await import('../repository/init-repository.ts')
    return initRepository(options)
  },
  async openRepository({ next, ...options }) {
    const load = async (): Promise<typeof openModule> => {
      const opening = await import('../repository/open-repository.ts')
      if (next !== undefined) await operations[next]()
      return opening
    }
    let loading: ReturnType<typeof load> | undefined
    const { unlockRepository } = await import('../repository/unlock-repository.ts')
    const unlocked = await unlockRepository({
      ...options,
      onDeriving: () => {
        loading ??= load()
        // Whoever waits for it hears of the failure; until then nobody does.
        loading.catch(() => undefined)
      },
    })
    const { openRepository } = await (loading ?? load())
    return openRepository({ ...options, unlocked })
  },
  async readConfig(repository) {
    const { readConfig } = await import('../repository/read-config.ts')
    return readConfig(repository)
  },
  async snapshot(repository, options) {
    const { snapshot } = await import('../operations/snapshot/snapshot.ts')
    return snapshot(repository, options)
  },
  async listSnapshots(repository, filters) {
    const { listSnapshots } = await import('../repository/list-snapshots.ts')
    return listSnapshots(repository, filters)
  },
  async resolveSnapshot(repository, text) {
    const { resolveSnapshot } = await import('../repository/resolve-snapshot.ts')
    return resolveSnapshot(repository, text)
  },
  async listTree(repository, snapshot, path, options) {
    const { listTree } = await import('../operations/browse/list-tree.ts')
    return listTree(repository, snapshot, path, options)
  },
  async findPaths(repository, options) {
    const { findPaths } = await import('../operations/browse/find-paths.ts')
    return findPaths(repository, options)
  },
  async fileHistory(repository, path, options) {
    const { fileHistory } = await import('../operations/browse/file-history.ts')
    return fileHistory(repository, path, options)
  },
  async diffSnapshots(repository, [from, to], options) {
    const { diffSnapshots } = await import('../operations/browse/diff-snapshots.ts')
    return diffSnapshots(repository, from, to, options)
  },
  async repositoryStatistics(repository, options) {
    const { repositoryStatistics } =
      await import('../operations/statistics/repository-statistics.ts')
    return repositoryStatistics(repository, options)
  },
  async deletionStatistics(repository, ids) {
    const { deletionStatistics } = await import('../operations/statistics/deletion-statistics.ts')
    return deletionStatistics(repository, ids)
  },
  async dumpFile(repository, snapshot, path, target) {
    const { dumpFile } = await import('../operations/browse/dump-file.ts')
    return dumpFile(repository, snapshot, path, target.output, target.signal)
  },
  async restore(repository, options) {
    const { restore } = await import('../operations/restore/restore.ts')
    return restore(repository, options)
  },
  async copySnapshots(target, source, options) {
    const { copySnapshots } = await import('../operations/copy/copy-snapshots.ts')
    return copySnapshots(target, source, options)
  },
  async exportSnapshot(repository, options) {
    const { exportSnapshot } = await import('../operations/export/export-snapshot.ts')
    return exportSnapshot(repository, options)
  },
  async importArchives(repository, options) {
    const { importArchives } = await import('../operations/import/import-archives.ts')
    return importArchives(repository, options)
  },
  async verify(repository, options) {
    const { verify } = await import('../operations/verify/verify.ts')
    return verify(repository, options)
  },
  async check(repository, options) {
    const { check } = await import('../operations/check/check.ts')
    return check(repository, options)
  },
  async forgetSnapshots(repository, snapshots, { actor }) {
    const { forgetSnapshots } = await import('../operations/retention/forget-snapshots.ts')
    return forgetSnapshots(repository, snapshots, actor)
  },
  async undeleteSnapshots(repository, ids) {
    const { undeleteSnapshots } = await import('../operations/retention/undelete-snapshots.ts')
    return undeleteSnapshots(repository, ids)
  },
  async listForgotten(repository) {
    const { listForgotten } = await import('../repository/list-forgotten.ts')
    return listForgotten(repository)
  },
  async forgetByPolicy(repository, options) {
    const { forgetByPolicy } = await import('../operations/retention/forget-by-policy.ts')
    return forgetByPolicy(repository, options)
  },
  async prune(repository, options) {
    const { prune } = await import('../operations/prune/prune.ts')
    return prune(repository, options)
  },
  async status(repository) {
    const { status } = await import('../repository/status.ts')
    return status(repository)
  },
  async addKey(repository, options) {
    const { addKey } = await import('../repository/key-management.ts')
    return addKey(repository, options)
  },
  async listKeys(repository) {
    const { listKeys } = await import('../repository/key-management.ts')
    return listKeys(repository)
  },
  async removeKey(repository, slot) {
    const { removeKey } = await import('../repository/key-management.ts')
    return removeKey(repository, slot)
  },
  async changeKey(repository, options) {
    const { changeKey } = await import('../repository/key-management.ts')
    return changeKey(repository, options)
  },
  async setParity(repository, setting, options) {
    const { setParity } = await import('../repository/parity/run-parity-update.ts')
    return setParity(repository, setting, options)
  },
  async updateParity(repository, options) {
    const { runParityUpdate } = await import('../repository/parity/run-parity-update.ts')
    return runParityUpdate(repository, options)
  },
  async parityStatus(repository) {
    const { parityStatus } = await import('../repository/parity/parity-status.ts')
    return parityStatus(repository)
  },
  async repairPacks(repository, options) {
    const { repairPacks } = await import('../operations/repair/repair-packs.ts')
    return repairPacks(repository, options)
  },
  async repairSnapshots(repository, options) {
    const { repairSnapshots } = await import('../operations/repair/repair-snapshots.ts')
    return repairSnapshots(repository, options)
  },
  async repairVersions(options) {
    const { repairVersions } = await import('../operations/repair/repair-versions.ts')
    return repairVersions(options)
  },
  async writeJournal(repository, record) {
    const { writeJournal } = await import('../repository/write-journal.ts')
    return writeJournal(repository, record)
  },
  async tellAlerts(repository, options) {
    const { tellAlerts } = await import('../monitoring/alerts/tell-alerts.ts')
    return tellAlerts(repository, options)
  },
  async startServer(options) {
    const { startServer } = await import('../server/start-server.ts')
    return startServer(options)
  },
  async repairCatalogue(repository) {
    const { repairCatalogue } = await import('../repository/repair-catalogue.ts')
    return repairCatalogue(repository)
  },
  async listBackups(repository) {
    const { listBackupRecords } = await import('../monitoring/records/backup-records.ts')
    return listBackupRecords(repository)
  },
  async overview(repository, settings) {
    const { overviewOf } = await import('../monitoring/overview.ts')
    return overviewOf(repository, settings)
  },
  async report(repository, settings) {
    const { reportOf } = await import('../monitoring/report/report.ts')
    return reportOf(repository, settings)
  },
}
