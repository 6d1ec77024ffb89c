/*
 * node .ci/count-tests.js REPORT TEST_STATUS LINT_FAILED
 *
 * Prints the last line of the gate from vitest's JSON report. What failed without being a test counts as one failure each:
 * a test file that could not be loaded, a run that ended badly although every test passed, and the linter.
 */
import { existsSync, readFileSync } from 'node:fs'

const [reportFile, testStatus, lintFailed] = process.argv.slice(2)
const files = existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, 'utf8')).testResults : []
const tests = files.flatMap((file) => file.assertionResults)
const passed = tests.filter(({ status }) => status === 'passed').length
const failedTests = tests.filter(({ status }) => status === 'failed').length
const failedFiles = files.filter(
  (file) =>
    file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
)
const others = tests.length - passed - failedTests

for (const { name, message } of failedFiles)
  process.stdout.write(`Failed as a whole: ${name}\n${message}\n`)
if (others > 0) process.stdout.write(`${others} tests were skipped\n`)

let failed = failedTests + failedFiles.length
if (testStatus !== '0' && failed === 0) {
  process.stdout.write(`make test ended with status ${testStatus}\n`)
  failed++
}
if (lintFailed !== '0') {
  process.stdout.write('make lint failed, see above\n')
  failed++
}
// A report without tests proves nothing.
if (failed === 0 && passed === 0) failed = 1
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
