import { defineConfig } from 'vitest/config'

/** `.ci/run` counts from this file; people read the terminal. */
const reportFile = process.env['HOLDFAST_TEST_REPORT'] ?? ''

// oxlint-disable-next-line import/no-default-export -- vitest looks for it there
export default defineConfig({
  test: {
    // Threads of the program and native modules want a process of their own.
    pool: 'forks',
    reporters: reportFile === '' ? ['default'] : ['default', 'json'],
    ...(reportFile !== '' && { outputFile: { json: reportFile } }),
    projects: [
      {
        test: {
          name: 'source',
          include: ['{test,native-bench}/**/*.test.ts'],
          // The other project; together the two run every test file there is.
          exclude: ['test/e2e/**'],
          // Far above what any test takes alone: two cores are often shared, and a slow machine is no fault.
          testTimeout: 60_000,
          hookTimeout: 60_000,
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
    ],
  },
})
