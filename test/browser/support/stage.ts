import { afterAll, beforeAll } from 'vitest'

import { closeSharedBrowser } from './chromium.ts'
import {
  fillProject,
  makeHistory,
  newProject,
  type Project,
  type ProjectOptions,
} from './project.ts'
import { serve, type Served } from './served.ts'

export interface Stage {
  readonly project: Project
  readonly served: Served
  /** Stops the server and starts it again at the same address. */
  restart(): Promise<void>
}

export interface StageOptions extends ProjectOptions {
  /** Days of history; 3 by default. */
  readonly days?: number
  /** Prepares what is backed up, before the first backup. */
  fill?(project: Project): void
  /** Runs when the history is there, before the server starts. */
  prepare?(project: Project): void | Promise<void>
}

/** A project with a past and a server for all tests of a file. */
export function stage(options: StageOptions = {}): Stage {
  let project: Project | undefined
  let served: Served | undefined
  beforeAll(async () => {
    project = newProject(options)
    fillProject(project)
    options.fill?.(project)
    makeHistory(project, options.days ?? 3)
    await options.prepare?.(project)
    served = await serve(project)
  })
  afterAll(async () => {
    await closeSharedBrowser()
    await served?.stop()
    project?.remove()
  })
  return {
    get project() {
      return present(project)
    },
    get served() {
      return present(served)
    },
    async restart() {
      const { url } = present(served)
      await served?.stop()
      served = await serve(present(project), Number(new URL(url).port))
    },
  }
}

function present<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new Error('The stage is set by beforeAll')
  return thing
}
