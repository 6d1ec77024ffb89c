import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** `.ci/run` counts from this file; people read the terminal. */
const reportFile = process.env['HOLDFAST_TEST_REPORT'] ?? ''

const browser = process.env['HOLDFAST_CHROMIUM'] ?? '/usr/bin/chromium'
const isBrowserThere = existsSync(browser)
// Each worker reads this file, too; only the first process says it.
if (!isBrowserThere && process.env['VITEST_WORKER_ID'] === undefined) {
  process.stderr.write(
    `Left out: test/browser, because there is no ${browser} (apt-get install chromium, or set HOLDFAST_CHROMIUM)\n`,
  )
}

/** Installing the package compiles for a minute and more on one core: begun first, it goes on beside everything else. */
class PackageFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isPackage = (file: TestSpecification): boolean =>
      file.moduleId.endsWith('/e2e/package.test.ts')
    return [...sorted.filter(isPackage), ...sorted.filter((file) => !isPackage(file))]
  }
}

// oxlint-disable-next-line import/no-default-export -- vitest looks for it there
export default defineConfig({
  test: {
    // Threads of the program and native modules want a process of their own.
    pool: 'forks',
    // One for each processor; by itself vitest leaves one free, which on two halves the speed.
    maxWorkers: '100%',
    sequence: { sequencer: PackageFirst },
    reporters: reportFile === '' ? ['default'] : ['default', 'json'],
    ...(reportFile !== '' && { outputFile: { json: reportFile } }),
    projects: [
      {
        test: {
          name: 'source',
          include: ['{test,native-bench}/**/*.test.ts'],
          // The other projects; together they run every test file there is.
          exclude: ['test/e2e/**', 'test/browser/**'],
          // Far above what any test takes alone: two cores are often shared, and a slow machine is no fault.
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'command',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      ...(isBrowserThere
        ? [
            {
              test: {
                name: 'browser',
                include: ['test/browser/**/*.test.ts'],
                testTimeout: 240_000,
                hookTimeout: 240_000,
                // A page that is slow on a busy machine is no fault either.
                expect: { poll: { timeout: 30_000 } },
              },
            },
          ]
        : []),
    ],
  },
})
