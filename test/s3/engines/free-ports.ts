import { createServer, type Server } from 'node:net'

/** Below what Linux gives to outgoing connections (32768 and up), so that none of those takes one in between. */
const portMin = 10_000
const portMax = 32_000
const triesMax = 100

/** The first of so many consecutive ports of 127.0.0.1 on which nobody listens just now. */
export async function freePorts(count: number): Promise<number> {
  for (let tries = 1; tries <= triesMax; tries++) {
    const first = portMin + Math.floor(Math.random() * (portMax - count - portMin))
    if (await areFree(first, count)) return first
  }
  throw new Error(`Cannot find ${count} free ports in a row between ${portMin} and ${portMax}`)
}

async function areFree(first: number, count: number): Promise<boolean> {
  for (let port = first; port < first + count; port++) {
    const server = await listen(port)
    if (!server) return false
    await new Promise((resolve) => server.close(resolve))
  }
  return true
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
