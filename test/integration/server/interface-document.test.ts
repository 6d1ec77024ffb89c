import { expect, it } from 'vitest'

import type { InterfaceDocument } from '../../support/answers-of-document.ts'
import { AnswersOfDocument } from '../../support/answers-of-document.ts'
import { save } from '../../support/repositories.ts'
import { startTestServer } from '../../support/test-server.ts'

it('describes every answer, and every list and state is as described', async () => {
  const server = await startTestServer()
  const { snapshot } = await save(server.repository, server.folder)
  const document = (await (
    await server.get('/api/v1/openapi.json')
  ).json()) as InterfaceDocument & {
    readonly components: { readonly securitySchemes: { readonly session: { name: string } } }
  }
  expect(document.components.securitySchemes.session.name).toBe(`holdfast-${server.port}`)
  const questions = {
    q: '*',
    from: snapshot.id,
    to: snapshot.id,
    path: '/data/index',
    ids: snapshot.id,
  }
  let asked = 0
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { responses }] of Object.entries(operations)) {
      const [[status, { content }]] = Object.entries(responses)
      const schema = content?.['application/json']?.schema
      if (content?.['application/json'] === undefined) continue
      expect([method, path, status, Object.keys(schema ?? {}).length > 0]).toEqual([
        method,
        path,
        status,
        true,
      ])
      if (method !== 'get' || /jobs|\{key\}/.test(path)) continue
      const address = path.replace('{id}', snapshot.id)
      // The test server holds what it gets against the document.
      const answer = await server.get(`${address}?${new URLSearchParams(questions).toString()}`)
      expect([address, answer.status]).toEqual([address, 200])
      asked++
    }
  }
  expect(asked).toBeGreaterThan(12)
})

it('would be found to tell less than is answered', async () => {
  const server = await startTestServer()
  const document = (await (await server.get('/api/v1/openapi.json')).json()) as InterfaceDocument
  const answers = new AnswersOfDocument(document)
  const session = { can_write: true, name: 'token' }
  const check = (answer: unknown): void => answers.check('GET', '/api/v1/session', 200, answer)
  check(session)
  expect(() => check({ ...session, more: 1 })).toThrow(/additional/)
  expect(() => check({ ...session, name: 1 })).toThrow(/must be string/)
  expect(() => answers.check('GET', '/api/v1/nothing', 200, session)).toThrow(/not in the document/)
})
