export interface StreamEvent {
  readonly event: string
  readonly data: string
}

/** Cuts a stream of server-sent events, which comes in pieces that end anywhere, into events. */
export class EventReader {
  #rest = ''

  read(piece: string): StreamEvent[] {
    this.#rest += piece.replaceAll('\r', '')
    const blocks = this.#rest.split('\n\n')
    this.#rest = blocks.pop() ?? ''
    return blocks.map(parseBlock).filter(({ data }) => data !== '')
  }
}

function parseBlock(block: string): StreamEvent {
  let event = 'message'
  const data: string[] = []
  for (const line of block.split('\n')) {
    const [, name = '', value = ''] = /^([a-z]+): ?(.*)$/.exec(line) ?? []
    if (name === 'event') event = value
    if (name === 'data') data.push(value)
  }
  return { event, data: data.join('\n') }
}
