import { expect, it } from 'vitest'

import { noRequests } from '../../../../src/repository/store-requests.ts'
import { ToldRequests } from '../../../../src/server/jobs/told-requests.ts'

it('adds up what processes tell, each of which tells all of its own every time', () => {
  const told = new ToldRequests()
  expect(told.total).toBeNull()
  const [first, second] = [told.follow(), told.follow()]
  first({ ...noRequests(), gets: 5, uploadedBytes: 100 })
  second({ ...noRequests(), gets: 1, lists: 2 })
  first({ ...noRequests(), gets: 7, uploadedBytes: 100 })
  first({ ...noRequests(), gets: 7, uploadedBytes: 150 })
  expect(told.total).toEqual({ ...noRequests(), gets: 8, lists: 2, uploadedBytes: 150 })
})
