import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

import type { Configuration } from '../../config/load-config.ts'
import { hasBlock } from '../install/crontab.ts'
import { readCrontab } from '../install/run-tool.ts'
import { unitBase } from '../install/systemd-units.ts'
import { lockHolder } from '../process-lock.ts'
import { fine, warning, type Finding } from './finding.ts'

/** Whether anything does what is due by itself. */
export async function checkInstalled(
  { file, folder }: Configuration,
  repositoryId: string | undefined,
): Promise<Finding> {
  const pid = repositoryId === undefined ? undefined : await lockHolder(`daemon ${repositoryId}`)
  if (pid !== undefined) return fine('schedule', `the daemon runs (process ${pid})`)
  const crontab = readCrontab() ?? ''
  if (hasBlock(crontab, file)) return fine('schedule', 'the crontab of this user has an entry')
  if (crontab.includes(folder)) return fine('schedule', 'the crontab of this user names the folder')
  const timer = `${unitBase(file)}.timer`
  const folders = ['/etc/systemd/system', join(homedir(), '.config/systemd/user')]
  if (folders.some((units) => existsSync(join(units, timer)))) {
    return fine('schedule', `there is a systemd timer ${timer}`)
  }
  const message =
    'nothing runs the schedule: neither the daemon, nor a crontab entry or timer of this user'
  return warning('schedule', message, 'holdfast schedule --install')
}
