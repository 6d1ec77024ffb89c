import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

import { whyNoEngine } from './test/s3/engines/availability.ts'

/** `.ci/run` counts from this file; people read the terminal. */
const reportFile = process.env['HOLDFAST_TEST_REPORT'] ?? ''

const browser = process.env['HOLDFAST_CHROMIUM'] ?? '/usr/bin/chromium'
const isBrowserThere = existsSync(browser)
if (!isBrowserThere) {
  tellLeftOut(
    'test/browser',
    `there is no ${browser} (apt-get install chromium, or set HOLDFAST_CHROMIUM)`,
  )
}

const noEngineReason = whyNoEngine()
if (noEngineReason !== undefined) tellLeftOut('test/s3', noEngineReason)
/** `npm run test:s3` */
const isLongS3 = process.env['HOLDFAST_TEST_S3'] === 'long'

function tellLeftOut(tests: string, reason: string): void {
  // Each worker reads this file, too; only the first process says it.
  if (process.env['VITEST_WORKER_ID'] !== undefined) return
  process.stderr.write(`Left out: ${tests}, because ${reason}\n`)
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

/** Small tests, which share a process and what it has loaded: that halves the time of all of them together. */
const sharingFolders = ['architecture', 'contract', 'property', 'unit'].map((name) =>
  join('test', name),
)
/** Whoever puts another module in the place of one has to be the first who loads it, and needs a process to itself. */
const mockingFiles = sharingFolders
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  .filter((file) => file.endsWith('.test.ts') && readFileSync(file, 'utf8').includes('vi.mock('))
/** Far above what any test takes alone: two cores are often shared, and a slow machine is no fault. */
const patience = { testTimeout: 240_000, hookTimeout: 240_000 }
const s3Settings = {
  ...patience,
  // The first test of a fresh machine waits for packages.
  hookTimeout: 900_000,
  // Each process would say that Node 20 is old.
  env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
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
          name: 'shared',
          isolate: false,
          include: sharingFolders.map((folder) => `${folder}/**/*.test.ts`),
          exclude: mockingFiles,
          ...patience,
        },
      },
      { test: { name: 'mocking', include: mockingFiles, ...patience } },
      {
        test: {
          name: 'source',
          include: ['{test,native-bench}/**/*.test.ts'],
          // The other projects; together they run every test file there is.
          exclude: [
            ...sharingFolders.map((folder) => `${folder}/**`),
            'test/e2e/**',
            'test/browser/**',
            'test/s3/**',
          ],
          ...patience,
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
                ...patience,
                // A page that is slow on a busy machine is no fault either.
                expect: { poll: { timeout: 30_000 } },
              },
            },
          ]
        : []),
      ...(noEngineReason === undefined
        ? [
            {
              test: {
                name: 's3',
                include: ['test/s3/**/*.test.ts'],
                exclude: ['test/s3/long/**'],
                globalSetup: ['test/s3/engines/shared-ceph.ts'],
                ...s3Settings,
              },
            },
          ]
        : []),
      ...(noEngineReason === undefined && isLongS3
        ? [
            {
              test: {
                name: 's3-long',
                include: ['test/s3/long/**/*.test.ts'],
                ...s3Settings,
              },
            },
          ]
        : []),
    ],
  },
})
