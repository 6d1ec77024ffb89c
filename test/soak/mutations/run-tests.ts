import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

export interface TestOutcome {
  readonly result: 'green' | 'red' | 'no test ran' | 'broken'
  /** Name of the first test that failed, or what is broken. */
  readonly detail: string
  /** Names of the tests that passed. */
  readonly passed: readonly string[]
}

/** Far above what the tests of a mutant take; one that waits for ever is red. */
const testsMsMax = 3 * 60_000
/** A program that does not even load shows nothing. */
const brokenPattern =
  /SyntaxError|Transform failed|PARSE_ERROR|is not defined|does not provide an export/

interface Report {
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

/**
 * Runs tests of one file of a work copy in a process of their own, until the first one fails.
 *
 * @param only parts of the names of tests; all tests when empty
 */
export async function runTests(
  root: string,
  file: string,
  only: readonly string[],
): Promise<TestOutcome> {
  const reportPath = join(root, 'mutation-report.json')
  rmSync(reportPath, { force: true })
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [
    vitest,
    'run',
    file,
    '--bail',
    '1',
    '--reporter',
    'json',
    '--outputFile',
    reportPath,
  ]
  if (only.length > 0) args.push('-t', only.map(escapePattern).join('|'))
  const env: NodeJS.ProcessEnv = { ...process.env, HOLDFAST_TEST_REPORT: '', NO_COLOR: '1' }
  // The settings of an enclosing run of vitest are not for this one.
  for (const key of Object.keys(env)) if (key.startsWith('VITEST')) Reflect.deleteProperty(env, key)
  const child = spawn(process.execPath, args, {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const killGroup = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    killGroup()
  }, testsMsMax)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-20_000)
    })
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearTimeout(timer)
  if (isLate) return { result: 'red', detail: `${file} does not end`, passed: [] }
  return judge(readReport(reportPath), status, output)
}

function judge(report: Report | undefined, status: number | null, output: string): TestOutcome {
  if (report === undefined) return { result: 'broken', detail: output.slice(-2000), passed: [] }
  const results = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  const passed = results.filter((test) => test.status === 'passed').map((test) => test.fullName)
  const first = firstFailure(report)
  if (first) {
    const isBroken = brokenPattern.test(first.message)
    if (isBroken) return { result: 'broken', detail: first.message, passed }
    return { result: 'red', detail: first.name, passed }
  }
  if (status !== 0) return { result: 'red', detail: 'an error outside of the tests', passed }
  if (passed.length === 0) return { result: 'no test ran', detail: '', passed }
  return { result: 'green', detail: '', passed }
}

function firstFailure(report: Report): { name: string; message: string } | undefined {
  for (const { name, status, message, assertionResults } of report.testResults) {
    const failed = assertionResults.find((test) => test.status === 'failed')
    if (failed) return { name: failed.fullName, message: failed.failureMessages.join('\n') }
    if (status === 'failed') return { name, message }
  }
  return undefined
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report
  } catch {
    return undefined
  }
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
