import { createHash } from 'node:crypto'

import type { ScheduledProgram } from './crontab.ts'

export interface SystemdUnit {
  /** `holdfast-1a2b3c4d.timer` */
  readonly name: string
  readonly text: string
}

/** The service does what is due; the timer starts it every hour, and after a time that was missed. */
export function systemdUnits(program: ScheduledProgram): readonly [SystemdUnit, SystemdUnit] {
  const base = unitBase(program.file)
  const words = program.words.map(unitWord).join(' ')
  const service = `[Unit]
Description=Holdfast backups of ${unitText(program.folder)}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
WorkingDirectory=${unitText(program.folder)}
ExecStart=${words}
Nice=10
IOSchedulingClass=idle
`
  const timer = `[Unit]
Description=Holdfast backups of ${unitText(program.folder)}, every hour what is due

[Timer]
OnCalendar=hourly
RandomizedDelaySec=300
Persistent=true

[Install]
WantedBy=timers.target
`
  return [
    { name: `${base}.service`, text: service },
    { name: `${base}.timer`, text: timer },
  ]
}

/** One pair of units for each configuration. */
export function unitBase(file: string): string {
  return `holdfast-${createHash('sha256').update(file).digest('hex').slice(0, 8)}`
}

/** `%` and `$` have a meaning of their own in a unit. */
function unitText(text: string): string {
  return text.replaceAll('%', '%%').replaceAll('\n', ' ')
}

function unitWord(word: string): string {
  const text = unitText(word).replaceAll('$', '$$$$')
  return /^[\w@%+=:,./-]+$/.test(text)
    ? text
    : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
