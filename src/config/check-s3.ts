import {
  describe,
  isMapping,
  valueAt,
  type ConfigProblem,
  type ParsedConfig,
} from './check-section.ts'

/**
 * What the keys of the section `holdfast.s3`, and of `s3` of each repository in `also_to`, allow of each other: an access key needs its secret
 * key, which stands in one place, and a profile has keys of its own.
 *
 * @param isPrivate whether the file is closed to all but its owner
 */
export function checkS3(file: ParsedConfig, isPrivate: boolean): ConfigProblem[] {
  const others = valueAt(file.content, ['holdfast', 'also_to'])
  const otherPaths = Array.isArray(others)
    ? others.map((_, at) => ['holdfast', 'also_to', String(at), 's3'])
    : []
  return [['holdfast', 's3'], ...otherPaths].flatMap((keyPath) =>
    checkKeys(file, keyPath, isPrivate),
  )
}

function checkKeys(
  file: ParsedConfig,
  keyPath: readonly string[],
  isPrivate: boolean,
): ConfigProblem[] {
  const section = valueAt(file.content, keyPath)
  if (!isMapping(section)) return []
  const has = (key: string): boolean => section[key] !== undefined
  const tell = (key: string, found: string, allowed: string): ConfigProblem => ({
    ...describe(file, [...keyPath, key], '', allowed),
    found,
  })
  const secretKeys = ['secret_access_key', 'secret_access_key_file'].filter(has)
  const problems: ConfigProblem[] = []
  if (secretKeys.length === 2) {
    problems.push(tell('secret_access_key', 'beside secret_access_key_file', 'one of the two'))
  }
  if (has('access_key_id') && secretKeys.length === 0) {
    const allowed = 'with secret_access_key_file or secret_access_key'
    problems.push(tell('access_key_id', 'without its secret key', allowed))
  }
  for (const key of secretKeys) {
    if (!has('access_key_id')) problems.push(tell(key, 'without access_key_id', 'with it'))
  }
  if (has('access_key_id') && has('profile')) {
    problems.push(tell('profile', 'beside access_key_id', 'one of the two'))
  }
  if (has('secret_access_key') && !isPrivate) {
    const allowed =
      'in a file that only its owner may read (chmod 600), or use secret_access_key_file'
    problems.push(tell('secret_access_key', 'in a file that other users may read', allowed))
  }
  return problems
}
