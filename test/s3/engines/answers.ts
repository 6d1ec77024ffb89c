import { S3ServiceException } from '@aws-sdk/client-s3'

interface Answer {
  readonly $metadata: { readonly httpStatusCode?: number | undefined }
}

/** The status of HTTP that the store answered with, good or bad. @throws when it has not answered. */
export async function statusOf(request: Promise<Answer>): Promise<number> {
  try {
    return statusIn(await request)
  } catch (error) {
    if (error instanceof S3ServiceException) return statusIn(error)
    throw error
  }
}

function statusIn({ $metadata }: Answer): number {
  if ($metadata.httpStatusCode === undefined) throw new Error('The store has not answered')
  return $metadata.httpStatusCode
}
