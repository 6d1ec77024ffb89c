/** Runs schedules in this process: `main.ts light|real FIRST COUNT`; without COUNT one, and writes every step of it. */
import { installSimulation } from './install.ts'

const [natives, first, count] = process.argv.slice(2)
const write = (text: string): boolean => process.stdout.write(`${text}\n`)
const { runSchedule } = await installSimulation(natives === 'real' ? 'real' : 'light')
const totals: Record<string, number> = {}
const before = process.cpuUsage()
const end = Number(first) + Number(count ?? 1)
for (let seed = Number(first); seed < end; seed++) {
  const { violations, counts } = await runSchedule(seed, count === undefined ? write : null)
  for (const [key, value] of Object.entries(counts)) totals[key] = (totals[key] ?? 0) + value
  if (violations.length > 0) write(`seed ${seed}: ${violations.join('\n  ')}`)
}
const { user, system } = process.cpuUsage(before)
const eachMs = (user + system) / 1000 / Number(count ?? 1)
write(`${JSON.stringify(totals)} ${eachMs.toFixed(2)} ms of CPU each`)
