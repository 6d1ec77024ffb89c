import { rmSync } from 'node:fs'
import { expect } from 'vitest'

import { compareTrees } from '../../../native-bench/compare-trees.ts'
import { workspace, type Workspace } from '../../e2e/workspace.ts'
import { randomBytesOf } from '../../support/random-bytes.ts'
import type { Engine } from '../engines/engine.ts'
import { environmentOf } from '../support/s3-repository.ts'
import { freshBucket } from '../support/store-workspace.ts'

/** The built program on a store of one's own: machines, each with its own cache, and what was acknowledged to them. */
export interface OwnProgram {
  readonly space: Workspace
  /** What a command of this machine is given. */
  on(machine: string): { readonly environment: Record<string, string> }
  /** Makes or changes what a machine has. */
  change(machine: string, round: number): void
  /** Backs up; whatever is told besides, a status other than 0 fails the test. @returns the id of the snapshot */
  backUp(machine: string): Promise<string>
  /** Runs beside this process, and has to end with status 0. */
  done(machine: string, argv: readonly string[]): Promise<string>
  /** From another machine, which has nothing near. */
  restoresTo(machine: string, id: string): void
}

/** @param endpoint of what stands before the store */
export function ownProgram({ access }: Engine, endpoint: string = access.endpoint): OwnProgram {
  const space = workspace({
    HOLDFAST_REPOSITORY: `s3:${endpoint}/${freshBucket()}/r`,
    HOLDFAST_PASSPHRASE: 'correct horse',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...environmentOf(access),
  })
  const on = (machine: string) => ({ environment: { HOME: space.at(`home-${machine}`) } })
  const done: OwnProgram['done'] = async (machine, argv) => {
    const { status, stdout, stderr } = await space.start(argv, on(machine)).finished
    expect(status, `${argv.join(' ')}: ${stderr}`).toBe(0)
    expect(stderr).not.toMatch(/damage|missing|lost/)
    return stdout
  }
  return {
    space,
    on,
    done,
    change(machine, round) {
      for (let index = 0; index < 40; index++) {
        const version = index % 3 === 0 ? round : 0
        space.write(`${machine}/small/${index}`, `${machine} ${version} ${index}`.repeat(30))
      }
      space.write(`${machine}/large`, randomBytesOf(`${machine} ${round}`, 2_500_000))
      space.write(`${machine}/common`, randomBytesOf('common', 2_000_000))
    },
    async backUp(machine) {
      const text = await done(machine, ['snapshot', machine, '--host', machine, '--json'])
      const line = text.split('\n').find((each) => each.includes('"message_type":"summary"'))
      return String((JSON.parse(line ?? '{}') as { snapshot_id?: string }).snapshot_id)
    },
    restoresTo(machine, id) {
      space.done(['restore', id, '--target', 'restored'], on('fresh'))
      const root = space.at('restored', space.at(machine).slice(1))
      expect(compareTrees(space.at(machine), root).differences).toEqual([])
      rmSync(space.at('restored'), { recursive: true })
    },
  }
}
