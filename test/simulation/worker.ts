/** A process that runs the schedules that its parent asks for (`run-schedules.ts`). */
import { installSimulation } from './install.ts'

/** From the parent: run these seeds. */
export interface ScheduleRequest {
  readonly first: number
  readonly count: number
}

/** To the parent, after each request. */
export interface ScheduleReply {
  readonly done: number
  readonly counts: Readonly<Record<string, number>>
  readonly cpuMs: number
  readonly bad: readonly { readonly seed: number; readonly violations: readonly string[] }[]
}

const { runSchedule } = await installSimulation(process.argv[2] === 'real' ? 'real' : 'light')
Error.stackTraceLimit = 4

async function run({ first, count }: ScheduleRequest): Promise<ScheduleReply> {
  const counts: Record<string, number> = {}
  const bad: { seed: number; violations: readonly string[] }[] = []
  const before = process.cpuUsage()
  for (let seed = first; seed < first + count; seed++) {
    const result = await runSchedule(seed)
    for (const [key, value] of Object.entries(result.counts)) {
      counts[key] = (counts[key] ?? 0) + value
    }
    if (result.violations.length > 0) bad.push({ seed, violations: result.violations })
  }
  const { user, system } = process.cpuUsage(before)
  return { done: count, counts, cpuMs: (user + system) / 1000, bad }
}

process.on('message', (request: ScheduleRequest) => {
  void run(request).then((reply) => process.send?.(reply))
})
process.on('disconnect', () => process.exit())
