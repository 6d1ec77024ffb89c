import type { Command } from 'commander'

import { escapeText } from '../../foundation/escape-bytes.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import { counted } from '../../foundation/human.ts'
import { formatTable, type Column } from '../../foundation/table.ts'
import type { Finding, Severity } from '../../service/doctor/finding.ts'
import { errorText } from '../../service/error-text.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { writeJsonLine } from '../output/json.ts'
import { headingStyle } from '../output/terminal.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

export function defineDoctor(command: Command, run: RunAction): void {
  command.addHelpText(
    'after',
    '\nThe exit status is 1 when there is a problem; warnings do not change it. Nothing is changed.',
  )
  addExamples(command, [
    ['holdfast doctor', 'look at everything that backups need, and say what mends what is wrong'],
    ['holdfast doctor --json', 'print the findings as one JSON object'],
  ])
  command.action(() => run(command, examine))
}

async function examine(session: Session): Promise<ExitStatus> {
  const findings = await collect(session)
  const has = (wanted: Severity): number =>
    findings.filter(({ severity }) => severity === wanted).length
  const problems = has('problem')
  const warnings = has('warning')
  if (session.isJson) {
    writeJsonLine(session.terminal, {
      message_type: 'doctor',
      problems,
      warnings,
      findings: findings.map((finding) => ({ ...finding })),
    })
  } else {
    const style = { width: undefined, heading: headingStyle(session.terminal) }
    session.terminal.writeOutput(formatTable(columns, findings.map(toRow), style))
  }
  session.say(`${counted(problems, 'problem')}, ${counted(warnings, 'warning')}\n`)
  return problems > 0 ? exitStatus.failed : exitStatus.done
}

const columns: readonly Column[] = [
  { title: '' },
  { title: 'What' },
  { title: 'Found' },
  { title: 'Fix' },
]

function toRow({ severity, check, message, fix }: Finding): string[] {
  return [severity, check, escapeText(message), escapeText(fix)]
}

async function collect(session: Session): Promise<Finding[]> {
  const { checkNode, checkSpace } = await import('../../service/doctor/check-machine.ts')
  const { checkConfiguration } = await import('../../service/doctor/check-configuration.ts')
  const findings = [checkNode(process.version)]
  const configuration = await attempt(findings, 'configuration', () => session.configuration())
  if (!configuration.hasFailed) {
    findings.push(...(await checkConfiguration(configuration.value)))
  }
  const options = await attempt(findings, 'repository', () => session.openOptions())
  if (options.hasFailed) return findings
  const { location, cacheDirectory } = options.value
  const { isAddress } = await import('../../config/resolve-location.ts')
  if (!isAddress(location)) findings.push(checkSpace('the repository', location))
  if (cacheDirectory !== undefined) findings.push(checkSpace('the cache', cacheDirectory))
  if (!configuration.hasFailed && configuration.value !== undefined) {
    findings.push(checkSpace('the project', configuration.value.folder))
  }
  const opened = await attempt(findings, 'repository', () =>
    examineRepository(session, configuration.hasFailed ? undefined : configuration.value),
  )
  if (!opened.hasFailed) findings.push(...opened.value.findings)
  if (!configuration.hasFailed && configuration.value?.backup !== undefined) {
    const { checkInstalled } = await import('../../service/doctor/check-installed.ts')
    const id = opened.hasFailed ? undefined : opened.value.repositoryId
    findings.push(await checkInstalled(configuration.value, id))
  }
  return findings
}

async function examineRepository(
  session: Session,
  configuration: Awaited<ReturnType<Session['configuration']>>,
): Promise<{ readonly findings: Finding[]; readonly repositoryId: string }> {
  const { checkRepository } = await import('../../service/doctor/check-repository.ts')
  const { checkPlace } = await import('../../service/doctor/check-place.ts')
  return await session.withRepository(async (_, repository) => ({
    repositoryId: repository.repositoryId,
    findings: [...checkPlace(repository), ...(await checkRepository(repository, configuration))],
  }))
}

type Attempt<T> = { readonly hasFailed: true } | { readonly hasFailed: false; readonly value: T }

/** What cannot even be looked at is the finding. */
async function attempt<T>(
  findings: Finding[],
  check: string,
  look: () => Promise<T>,
): Promise<Attempt<T>> {
  try {
    return { hasFailed: false, value: await look() }
  } catch (error) {
    const fix = error instanceof HoldfastError ? error.remedy : ''
    findings.push({ check, severity: 'problem', message: errorText(error), fix })
    return { hasFailed: true }
  }
}
