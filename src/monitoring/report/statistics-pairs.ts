import { counted, humanBytes, humanCount, humanTime } from '../../foundation/human.ts'
import type { Overview } from '../overview.ts'

/** The numbers of the documented system. */
export function statisticsPairs(overview: Overview): [string, string][] {
  const { statistics, last_check: check, last_drill: drill } = overview
  const types = Object.entries(statistics.type_breakdown)
  return [
    [
      'Backups',
      `${humanCount(statistics.total_backups)}, ${humanCount(statistics.successful_backups)} successful, ${humanCount(statistics.failed_backups)} failed`,
    ],
    [
      'Success rate',
      statistics.total_backups === 0 ? 'none yet' : percentText(statistics.success_rate),
    ],
    [
      'Total size',
      `${humanBytes(statistics.total_size_bytes)}, ${counted(statistics.total_files, 'file')}`,
    ],
    ['Types', types.map(([type, count]) => `${type} ${humanCount(count)}`).join(', ') || 'none'],
    ['Last 7 days', counted(statistics.recent_backups_7d, 'backup')],
    ['Oldest', secondsText(statistics.oldest_backup)],
    ['Last check', check === null ? 'none yet' : `${isoText(check.at)}  ${check.result}`],
    [
      'Last drill',
      drill === null
        ? 'none yet'
        : `${isoText(drill.at)}  ${drill.result}  ${counted(drill.files, 'file')}`,
    ],
  ]
}

function percentText(rate: number): string {
  return `${Math.round(rate * 1000) / 10} %`
}

/** An ISO time of `--json` as a person reads it. */
export function isoText(at: string | null): string {
  return at === null ? '-' : humanTime(Date.parse(at))
}

function secondsText(seconds: number | null): string {
  return seconds === null ? 'none' : humanTime(seconds * 1000)
}
