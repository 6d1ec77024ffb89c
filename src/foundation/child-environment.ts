const ownSecrets = [
  'HOLDFAST_PASSPHRASE',
  'HOLDFAST_NEW_PASSPHRASE',
  'HOLDFAST_FROM_PASSPHRASE',
  'HOLDFAST_FROM_AWS_ACCESS_KEY_ID',
  'HOLDFAST_FROM_AWS_SECRET_ACCESS_KEY',
  'HOLDFAST_FROM_AWS_SESSION_TOKEN',
  'HOLDFAST_TOKEN',
  'HOLDFAST_READ_ONLY_TOKEN',
] as const

/** Of the account that the repository's bucket belongs to. Who only has a local repository may want them for something else. */
const storeSecrets = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const

/**
 * The environment of this process for a program that the user has named: passphrases, tokens and the keys of the repository's store are for
 * Holdfast and for nobody that it starts.
 *
 * @param location of the repository
 */
export function childEnvironment(location: string): NodeJS.ProcessEnv {
  const environment = { ...process.env }
  const secrets = location.startsWith('s3:') ? [...ownSecrets, ...storeSecrets] : ownSecrets
  for (const name of secrets) delete environment[name]
  return environment
}
