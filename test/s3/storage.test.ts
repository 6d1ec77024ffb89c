import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { beforeAll } from 'vitest'

import { openS3, type S3Storage } from '../../src/storage/s3/s3-storage.ts'
import { chooseStorageSettings } from '../../src/storage/storage-settings.ts'
import { describePackStorage } from '../contract/pack-storage-contract.ts'
import { describeStorage } from '../contract/storage-contract.ts'
import { newS3Place, type S3Place } from './support/s3-repository.ts'

let place: S3Place

beforeAll(async () => {
  place = await newS3Place()
})

/** In a folder of its own, with what it keeps on this machine below the test's folder. */
function open(folder: string): S3Storage {
  const { access, location } = place
  const storage = openS3(`${location}/${randomBytes(8).toString('hex')}`)
  chooseStorageSettings(storage.location, {
    cacheDirectory: join(folder, 'cache'),
    s3: { accessKeyId: access.accessKeyId, secretAccessKey: access.secretAccessKey },
  })
  return storage
}

describeStorage('S3', open)
describePackStorage('S3', open)
