/**
 * Measures whole commands on an object store that is far away, beside restic and, with `--rclone`, which takes minutes for each row, rclone:
 * `npm run bench:far-store [-- --latency MS --rounds N --scale X --rclone]`, by default 100 ms, three rounds and a twentieth of the source tree. A real Ceph on
 * loopback (as root on Debian, docs/RELIABILITY.md), and before it a proxy that lets everything come late. The tools take turns row by row; what they
 * restore is compared with the source. Writes a table of medians and the requests that were counted to standard output.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { fastFolder } from '../test/support/fast-folder.ts'
import { newBucket, connect } from '../test/s3/engines/buckets.ts'
import { startCeph } from '../test/s3/engines/ceph.ts'
import type { S3Access } from '../test/s3/engines/engine.ts'
import { copyFolder, listFiles, replaceFolder } from './datasets/live-folder.ts'
import { sourceTree } from './datasets/source-tree.ts'
import { addCosts, measureCommand, runCommand, type Command } from './harness/measure-command.ts'
import { proveFileRestored, proveRestored } from './harness/prove-restored.ts'
import { inTurn, type Contender } from './harness/contender.ts'
import { spreadOf } from './harness/statistics.ts'
import { openTool } from './open-tool.ts'
import { hasRclone, rcloneTool } from './tools/rclone.ts'
import type { Tool } from './tools/tool.ts'

const mainPath = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

/** What passed by on the way to the store. */
interface Traffic {
  readonly requests: number
  readonly uploadedBytes: number
  readonly downloadedBytes: number
}

interface Figure extends Traffic {
  readonly seconds: number
  readonly peakMemoryBytes: number
}

type Figures = Map<string, Map<string, Figure[]>>

interface Proxy {
  readonly port: string
  /** What has passed by since it was asked last. */
  take(): Promise<Traffic>
  close(): void
}

async function startProxy(storePort: string, latencyMs: number): Promise<Proxy> {
  const script = fileURLToPath(new URL('far-store/latency-proxy.ts', import.meta.url))
  const argv = ['--import', 'tsx', script, storePort, String(latencyMs)]
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async (): Promise<string> => String((await lines.next()).value)
  return {
    port: await next(),
    async take() {
      child.stdin.write('\n')
      return JSON.parse(await next()) as Traffic
    },
    close: () => child.stdin.end(),
  }
}

function keysOf({ accessKeyId, secretAccessKey, region }: S3Access): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}

async function measureRound(
  tools: readonly Tool[],
  round: {
    readonly folder: string
    readonly access: S3Access
    readonly older: string
    readonly newer: string
  },
  proxy: Proxy,
  figures: Figures,
): Promise<void> {
  const { folder, access, older, newer } = round
  const bucket = await newBucket(connect(access))
  mkdirSync(join(folder, 'live'))
  const source = join(folder, 'live', 'source')
  copyFolder(older, source)
  const contenders: Contender[] = tools.map((tool) => {
    const home = join(folder, tool.name)
    mkdirSync(home, { recursive: true })
    const repository = `s3:http://127.0.0.1:${proxy.port}/${bucket}/${tool.name}`
    const cache = join(home, 'cache')
    return { tool, site: { repository, cache, home, source, environment: keysOf(access) } }
  })
  for (const { tool, site } of contenders) {
    for (const command of tool.create(site)) runCommand(command)
  }
  const measure = async (
    row: string,
    commandsOf: (contender: Contender) => readonly Command[] | undefined,
    prove?: (contender: Contender) => void,
  ): Promise<void> => {
    for (const contender of contenders) {
      const { tool, site } = contender
      const commands = commandsOf(contender)
      if (!commands) continue
      await proxy.take()
      const options = {
        isCold: false,
        warmFolders: [source],
        reportPath: join(site.home, 'report'),
      }
      const costs = commands.map((command) => measureCommand(command, options))
      const { wallSeconds: seconds, peakMemoryBytes } = addCosts(costs)
      const traffic = await proxy.take()
      const ofRow = figures.get(row) ?? new Map<string, Figure[]>()
      figures.set(row, ofRow)
      ofRow.set(tool.name, [
        ...(ofRow.get(tool.name) ?? []),
        { seconds, peakMemoryBytes, ...traffic },
      ])
      process.stderr.write(
        `${row}, ${tool.name}: ${seconds.toFixed(2)} s, ${traffic.requests} requests\n`,
      )
      prove?.(contender)
    }
  }
  await measure('first backup', ({ tool, site }) => tool.backup(site))
  await measure('nothing changed', ({ tool, site }) => tool.backup(site))
  replaceFolder(newer, source)
  await measure('next version', ({ tool, site }) => tool.backup(site))
  const snapshots = new Map(contenders.map(({ tool, site }) => [tool.name, tool.snapshots(site)]))
  const newest = ({ tool }: Contender): string => snapshots.get(tool.name)?.at(-1) ?? ''
  const target = ({ site }: Contender, name: string): string => {
    const path = join(site.home, name)
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path)
    return path
  }
  await measure(
    'full restore',
    (contender) =>
      contender.tool.restore(contender.site, {
        snapshot: newest(contender),
        target: target(contender, 'all'),
        original: source,
        isSparse: false,
      }),
    (contender) => {
      // rclone brings contents alone.
      if (contender.tool.name !== 'rclone') {
        proveRestored(contender, join(contender.site.home, 'all'), source)
      }
    },
  )
  const files = listFiles(source)
  const path = files[files.length >> 1] ?? ''
  await measure(
    'one file',
    (contender) =>
      contender.tool.restoreFile?.(contender.site, {
        snapshot: newest(contender),
        path,
        target: target(contender, 'one'),
      }),
    (contender) =>
      proveFileRestored(contender, join(contender.site.home, 'one'), join(source, path)),
  )
  await measure('check, all data', ({ tool, site }) => tool.verify?.(site))
  await measure('forget the first, prune', (contender) =>
    contender.tool.deleteAndPrune?.(
      contender.site,
      (snapshots.get(contender.tool.name) ?? []).slice(0, 2),
    ),
  )
}

function tableOf(figures: Figures, tools: readonly Tool[]): string {
  const names = tools.map(({ name }) => name)
  const lines = [
    `| | ${names.join(' | ')} | holdfast / restic |`,
    `|---|${names.map(() => '--:|').join('')}--:|`,
  ]
  for (const [row, ofRow] of figures) {
    const cell = (name: string): string => {
      const all = ofRow.get(name)
      if (!all) return ''
      const of = (figure: (one: Figure) => number): number => spreadOf(all.map(figure)).median
      const megabytes = of((one) => one.uploadedBytes + one.downloadedBytes) / 1e6
      return `${of((one) => one.seconds).toFixed(2)} s, ${of((one) => one.requests)} requests, ${megabytes.toFixed(1)} MB`
    }
    const secondsOf = (name: string): number =>
      spreadOf((ofRow.get(name) ?? []).map(({ seconds }) => seconds)).median
    const ratio = (secondsOf('holdfast') / secondsOf('restic')).toFixed(2)
    lines.push(`| ${row} | ${names.map(cell).join(' | ')} | ${ratio} |`)
  }
  const peak = (name: string): string => {
    const all = [...figures.values()].flatMap((ofRow) => ofRow.get(name) ?? [])
    return `${Math.round(Math.max(...all.map((one) => one.peakMemoryBytes)) / 1e6)} MB`
  }
  lines.push(`| peak memory in any row | ${names.map(peak).join(' | ')} | |`)
  return `${lines.join('\n')}\n`
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      latency: { type: 'string', default: '100' },
      rounds: { type: 'string', default: '3' },
      scale: { type: 'string', default: '0.05' },
      rclone: { type: 'boolean', default: false },
    },
  })
  const benchFolder = process.env['HOLDFAST_BENCH'] ?? '/var/tmp/holdfast-bench'
  const data = sourceTree.prepare({ benchFolder, scale: Number(values.scale), seed: 1 })
  const named = { benchFolder, holdfastPath: mainPath }
  const tools = [openTool('restic', named), openTool('holdfast', named)]
  if (values.rclone === true && hasRclone()) tools.push(rcloneTool())
  const engine = await startCeph()
  const proxy = await startProxy(new URL(engine.access.endpoint).port, Number(values.latency))
  const figures: Figures = new Map()
  try {
    for (let round = 0; round < Number(values.rounds); round++) {
      const folder = mkdtempSync(join(fastFolder, 'holdfast-far-store-'))
      try {
        const newer = join(data.pristineFolder, '..', 'newer')
        const { access } = engine
        await measureRound(
          inTurn(tools, round + 1),
          { folder, access, older: data.pristineFolder, newer },
          proxy,
          figures,
        )
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    }
  } finally {
    proxy.close()
    await engine.remove()
  }
  const descriptions = tools.map(({ name, description }) => `${name}: ${description}`).join('; ')
  process.stdout.write(
    `${data.description}. ${values.latency} ms of latency, medians of ${values.rounds} rounds. ${descriptions}\n\n`,
  )
  process.stdout.write(tableOf(figures, tools))
}

await main()
