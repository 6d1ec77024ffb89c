import type { RepositoryConfig } from '../model/repository-config.ts'
import type { Repository } from './repository.ts'

/** The repository's configuration without its secret. */
export function readConfig(repository: Repository): Omit<RepositoryConfig, 'secret'> {
  const { secret: _secret, ...config } = repository.config
  return config
}
