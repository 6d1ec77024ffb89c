import type { Mutant } from '../mutant.ts'

const faults = 'test/fault/parity-faults.test.ts'
const damage = 'test/integration/parity-damage.test.ts'
const whole = 'test/integration/parity.test.ts'
const head = 'test/unit/format/parity/parity-head.test.ts'
const plan = 'test/property/parity-plan.test.ts'
const writeGroup = 'src/repository/parity/write-group.ts'
const updateParity = 'src/repository/parity/update-parity.ts'
const reconstruct = 'src/repository/parity/reconstruct-packs.ts'
const livePacks = 'src/repository/parity/live-packs.ts'
const parityPlan = 'src/repository/parity/parity-plan.ts'
const parityHead = 'src/format/parity/parity-head.ts'

/** Parity: what is written, removed and handed out. */
export const parityMutants: readonly Mutant[] = [
  {
    name: 'parity replaces other parity before its name is durable',
    class: 'fsync',
    file: writeGroup,
    text: "await storage.sync('parity')",
    replacement: '',
    tests: [{ file: faults, only: 'removes nothing before what replaces it is durable' }],
  },
  {
    name: 'the removal of parity is not synced',
    class: 'fsync',
    file: updateParity,
    text: "  for (const id of ids) await storage.delete(`parity/${id}`)\n  await storage.sync('parity')",
    replacement: '  for (const id of ids) await storage.delete(`parity/${id}`)',
    tests: [{ file: faults, only: 'removes nothing before what replaces it is durable' }],
  },
  {
    name: 'parity is removed without a look at the lock',
    class: 'lease',
    file: updateParity,
    text: '  await lock.assertHeld()\n',
    replacement: '',
    tests: [{ file: faults, only: 'removes nothing when its lock has gone meanwhile' }],
  },
  {
    name: 'parity of packs without a readable index object counts as superseded',
    class: 'damage',
    file: livePacks,
    text: '|| !isIndexWhole',
    replacement: '',
    tests: [{ file: faults, only: 'keeps the parity of packs whose index object is' }],
  },
  {
    name: 'parity of packs that are stored and named by nothing counts as superseded',
    class: 'damage',
    file: livePacks,
    text: 'stored.has(`packs/${pack.id}`) || !isIndexWhole',
    replacement: '!isIndexWhole',
    tests: [{ file: faults, only: 'keeps the parity of packs whose index object is' }],
  },
  {
    name: 'parity is made of packs that are not what their names say',
    class: 'verify-before-publish',
    file: writeGroup,
    text: '.filter(({ pack, hasher }) => hashToHex(hasher.digest()) !== pack.id)',
    replacement: '.filter(() => false)',
    tests: [{ file: whole, only: 'goes on with a pack that is damaged' }],
  },
  {
    name: 'a reconstructed pack is handed out without a look at its hash',
    class: 'hash',
    file: reconstruct,
    text: 'objectIdOf(bytes) === packId',
    replacement: 'bytes.length > 0',
    tests: [{ file: damage, only: 'that are right in themselves and say something else' }],
  },
  {
    name: 'damaged stripes are taken for whole ones',
    class: 'damage',
    file: 'src/repository/parity/group-shards.ts',
    text: 'stripeChecksum(bytes).equals(expected)',
    replacement: 'bytes.length > 0',
    tests: [{ file: damage, only: 'comes back when in each stripe' }],
  },
  {
    name: 'packs go before the ones that stay are protected',
    class: 'order',
    file: 'src/operations/prune/prune.ts',
    text: 'await this.#keepSurvivorsProtected(gone)',
    replacement: '',
    tests: [{ file: whole, only: 'protects the survivors before it deletes the first pack' }],
  },
  {
    name: 'parity is given up while packs of it are held by nothing else',
    class: 'order',
    file: parityPlan,
    text: '!chosen.includes(use) && use.live.every(({ id }) => covered.has(id))',
    replacement: '!chosen.includes(use)',
    tests: [{ file: plan, only: 'never lets go of protection meanwhile' }],
  },
  {
    name: 'a group with missing parity counts as one that replaces another',
    class: 'order',
    file: parityPlan,
    text: 'uses.filter((use) => use.isComplete && isSuitable(use, setting))',
    replacement: 'uses.filter((use) => isSuitable(use, setting))',
    tests: [{ file: plan, only: 'lets nothing be replaced by a group of which parity is missing' }],
  },
  {
    name: 'a parity head is read without a look at its hash',
    class: 'hash',
    file: parityHead,
    text: '!plainHash(prefix.subarray(0, end)).equals(prefix.subarray(end))',
    replacement: 'prefix.length < end',
    tests: [{ file: head, only: 'checksums are not taken unproved' }],
  },
  {
    name: 'a parity object may name other packs than its group',
    class: 'hash',
    file: parityHead,
    text: 'groupIdOf(expected.repositoryId, packs, parityShards) !== groupId',
    replacement: 'groupId.length === 0',
    tests: [{ file: head, only: 'is refused with' }],
  },
  {
    name: 'a parity object may be longer than its parts',
    class: 'bounds',
    file: parityHead,
    text: '&&\n    objectBytes === layout.objectBytes',
    replacement: '',
    tests: [{ file: head, only: 'longer or shorter than it should be' }],
  },
]
