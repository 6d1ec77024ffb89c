import type { Library } from './library.ts'

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
  async openRepository(options) {
    const { openRepository } = await import('../repository/open-repository.ts')
    return openRepository(options)
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
  async dumpFile(repository, snapshot, path, target) {
    const { dumpFile } = await import('../operations/browse/dump-file.ts')
    return dumpFile(repository, snapshot, path, target.output, target.signal)
  },
  async restore(repository, options) {
    const { restore } = await import('../operations/restore/restore.ts')
    return restore(repository, options)
  },
  async verify(repository, options) {
    const { verify } = await import('../operations/verify/verify.ts')
    return verify(repository, options)
  },
  async deleteSnapshots(repository, snapshots) {
    const { deleteSnapshots } = await import('../operations/retention/delete-snapshots.ts')
    return deleteSnapshots(repository, snapshots)
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
  async repairCatalogue(repository) {
    const { repairCatalogue } = await import('../repository/repair-catalogue.ts')
    return repairCatalogue(repository)
  },
}
