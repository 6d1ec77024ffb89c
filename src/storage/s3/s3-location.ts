import { HoldfastError } from '../../foundation/errors.ts'
import { holdsCredentials } from '../../foundation/holds-credentials.ts'

/** What an `s3:` address says. */
export interface S3Location {
  /** How messages call it, and how it can be typed again. */
  readonly location: string
  /** Null for the store of AWS in `region`. */
  readonly endpoint: string | null
  /** Null when the standard chain of AWS is to say (AWS_REGION, the profile). */
  readonly region: string | null
  readonly bucket: string
  /** In front of every key: empty, or with a slash at its end. */
  readonly prefix: string
}

/** What stores accept as the name of a bucket, old names with capital letters and underscores included. */
const bucketPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/
const regionPattern = /^[a-z]{2,}(?:-[a-z0-9]+)+$/
/** Enough below the 1,024 bytes of a key for the longest name of an object. */
const prefixBytesMax = 900

/**
 * Understands `s3:https://host[:port]/bucket/prefix`, `s3:host[:port]/bucket/prefix` as restic writes it, `s3:region/bucket/prefix`, and
 * `s3://bucket/prefix` as the tools of AWS write it.
 *
 * @throws {HoldfastError} `USAGE`
 */
export function parseS3Location(address: string): S3Location {
  if (holdsCredentials(address)) {
    throw new HoldfastError(
      'USAGE',
      'Cannot open the repository: its address holds a name or a password',
      { remedy: 'Give credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY' },
    )
  }
  const text = address.slice('s3:'.length)
  if (/^https?:\/\//i.test(text)) return ofUrl(address, text)
  if (text.startsWith('//')) return ofPath(address, { endpoint: null, region: null }, text.slice(2))
  const slash = text.indexOf('/')
  const first = slash < 0 ? text : text.slice(0, slash)
  const path = slash < 0 ? '' : text.slice(slash + 1)
  if (first.includes('.') || first.includes(':') || first === 'localhost') {
    return ofUrl(address, `https://${text}`)
  }
  if (!regionPattern.test(first)) {
    throw refusal(address, `"${first}" is neither a host nor a region`)
  }
  return ofPath(address, { endpoint: null, region: first }, path)
}

function ofUrl(address: string, text: string): S3Location {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw refusal(address, `"${text}" is not a URL`)
  }
  if (url.search !== '' || url.hash !== '') {
    throw refusal(address, 'there is something behind "?" or "#"')
  }
  const endpoint = `${url.protocol}//${url.host}`
  return ofPath(address, { endpoint, region: null }, decode(address, url.pathname.slice(1)))
}

function ofPath(
  address: string,
  at: { readonly endpoint: string | null; readonly region: string | null },
  path: string,
): S3Location {
  const [bucket, ...folders] = path.split('/').filter((part) => part !== '')
  if (bucket === undefined) throw refusal(address, 'it names no bucket')
  if (!bucketPattern.test(bucket)) {
    throw refusal(address, `"${bucket}" is not the name of a bucket`)
  }
  const folder = folders.join('/')
  if (folders.some((part) => part === '.' || part === '..')) {
    throw refusal(address, 'its prefix has "." or ".." in it')
  }
  if (Buffer.byteLength(folder) > prefixBytesMax) throw refusal(address, 'its prefix is too long')
  const prefix = folder === '' ? '' : `${folder}/`
  const host = at.endpoint ?? at.region ?? '/'
  const text = at.endpoint === null ? folder : encode(folder)
  const location = `s3:${host}/${bucket}${text === '' ? '' : `/${text}`}`
  return { location, ...at, bucket, prefix }
}

function decode(address: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refusal(address, 'a "%" in it is not followed by two hexadecimal digits')
  }
}

/** What would end or change the path of a URL: a thread that is told the location has to find the same objects. */
function encode(path: string): string {
  return path.replace(/[%?#\\\s\p{Cc}]/gu, encodeURIComponent)
}

function refusal(address: string, state: string): HoldfastError {
  return new HoldfastError('USAGE', `Cannot open the repository "${address}": ${state}`, {
    remedy: 'Write s3:https://HOST/BUCKET/PREFIX, or s3:REGION/BUCKET/PREFIX for a bucket of AWS',
    facts: { location: address },
  })
}
