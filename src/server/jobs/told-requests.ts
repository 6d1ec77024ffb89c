import { addRequests, noRequests, type StoreRequests } from '../../repository/store-requests.ts'

/** What the processes of jobs have asked stores for, since the server was started; null as long as none of them has told of any. */
export class ToldRequests {
  #total: StoreRequests | null = null

  get total(): StoreRequests | null {
    return this.#total
  }

  /** @returns what one process calls with all that it has asked for until then, as often as it likes */
  follow(): (requests: StoreRequests) => void {
    let before: StoreRequests = noRequests()
    return (requests) => {
      const more = addRequests(requests, before, -1)
      before = requests
      this.#total = addRequests(this.#total ?? noRequests(), more)
    }
  }
}
