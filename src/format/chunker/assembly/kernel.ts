// The chunker's scan in AssemblyScript. reference-chunker.ts says the same in plain TypeScript and
// is the one to read first; the two must cut at the same places for ever (docs/FORMAT.md, section
// 6).
//
// The keys lie at address 0 as chunker-keys.ts writes them. Vectors hold eight 16-bit sums, those
// of windows that end at even or at odd distances from `cut`; loads reach up to 31 bytes behind
// `last`, and what stands there is ignored.

const verdictMultiplierAddress: usize = 64
const sieveKeysAddress: usize = 72

const verdictWindowBytes: usize = 64
/** Two steps: from then on every sum that a window of 64 bytes is made of has been computed. */
const warmUpBytes: usize = 64
const stepBytes: usize = 32
const sieveFloor: i16 = 0x7fbf

function quads(end: usize, addLow: v128, addHigh: v128): v128 {
  const window = end - 4
  return i16x8.mul(
    i16x8.add(v128.load(window, 0), addLow),
    i16x8.add(v128.load(window, 2), addHigh),
  )
}

/** `now` ^ `earlier` * `multiplier`: the sums of windows twice as long. */
function join(now: v128, earlier: v128, multiplier: v128): v128 {
  return v128.xor(now, i16x8.mul(earlier, multiplier))
}

/**
 * The eight sums that are four bytes (two places) older than `now`; `before` is the vector 16 bytes
 * back.
 */
function fourBack(before: v128, now: v128): v128 {
  return v128.shuffle<i16>(before, now, 6, 7, 8, 9, 10, 11, 12, 13)
}

function eightBack(before: v128, now: v128): v128 {
  return v128.shuffle<i16>(before, now, 4, 5, 6, 7, 8, 9, 10, 11)
}

function fold(sums: v128): v128 {
  return v128.xor(sums, i16x8.shr_u(sums, 8))
}

function verdictTerm(window: usize, offset: usize): u64 {
  const left = load<u32>(window + offset) + load<u32>(offset)
  const right = load<u32>(window + offset, 4) + load<u32>(offset, 4)
  return <u64>left * <u64>right
}

function isCut(end: usize, verdictShift: u64): bool {
  const window = end - verdictWindowBytes
  let sum = verdictTerm(window, 0) + verdictTerm(window, 8)
  sum += verdictTerm(window, 16) + verdictTerm(window, 24)
  sum += verdictTerm(window, 32) + verdictTerm(window, 40)
  sum += verdictTerm(window, 48) + verdictTerm(window, 56)
  sum = (sum ^ (sum >> 32)) * load<u64>(verdictMultiplierAddress)
  return sum >> verdictShift == 0
}

function sieveKey(index: usize): v128 {
  return i16x8.splat(load<i16>(sieveKeysAddress + index * 2))
}

/**
 * Finds the first cut at an address from `first` to `last`, both included; 0 when there is none.
 *
 * One step sieves the 32 windows that end at `cut`, `cut` + 1, …: A and B are the first and second
 * 16 of them, E and O those at even and at odd distances. At one address in 1,024 the verdict is
 * asked.
 */
export function scan(first: usize, last: usize, verdictBits: u32): usize {
  const addLow = sieveKey(0)
  const addHigh = sieveKey(1)
  const times4 = sieveKey(2)
  const times8 = sieveKey(3)
  const times16 = sieveKey(4)
  const times32 = sieveKey(5)
  const floor = i16x8.splat(sieveFloor)
  const lowBytes = i16x8.splat(0x00ff)
  const verdictShift: u64 = 64 - <u64>verdictBits
  // Sums of the step before; B's serve A in the next step.
  let quadE = i16x8.splat(0)
  let quadO = quadE
  let eightE = quadE
  let eightO = quadE
  let sixteenE = quadE
  let sixteenO = quadE
  let thirtyTwoAE = quadE
  let thirtyTwoAO = quadE
  let thirtyTwoBE = quadE
  let thirtyTwoBO = quadE
  for (let cut = first - warmUpBytes; cut <= last; cut += stepBytes) {
    const quadAE = quads(cut, addLow, addHigh)
    const eightAE = fold(join(quadAE, fourBack(quadE, quadAE), times4))
    const sixteenAE = join(eightAE, eightBack(eightE, eightAE), times8)
    const nextAE = join(sixteenAE, sixteenE, times16)
    const passAE = i16x8.gt_s(join(nextAE, thirtyTwoAE, times32), floor)
    thirtyTwoAE = nextAE

    const quadAO = quads(cut + 1, addLow, addHigh)
    const eightAO = fold(join(quadAO, fourBack(quadO, quadAO), times4))
    const sixteenAO = join(eightAO, eightBack(eightO, eightAO), times8)
    const nextAO = join(sixteenAO, sixteenO, times16)
    const passAO = i16x8.gt_s(join(nextAO, thirtyTwoAO, times32), floor)
    thirtyTwoAO = nextAO

    quadE = quads(cut + 16, addLow, addHigh)
    eightE = fold(join(quadE, fourBack(quadAE, quadE), times4))
    sixteenE = join(eightE, eightBack(eightAE, eightE), times8)
    const nextBE = join(sixteenE, sixteenAE, times16)
    const passBE = i16x8.gt_s(join(nextBE, thirtyTwoBE, times32), floor)
    thirtyTwoBE = nextBE

    quadO = quads(cut + 17, addLow, addHigh)
    eightO = fold(join(quadO, fourBack(quadAO, quadO), times4))
    sixteenO = join(eightO, eightBack(eightAO, eightO), times8)
    const nextBO = join(sixteenO, sixteenAO, times16)
    const passBO = i16x8.gt_s(join(nextBO, thirtyTwoBO, times32), floor)
    thirtyTwoBO = nextBO

    if (!v128.any_true(v128.or(v128.or(passAE, passAO), v128.or(passBE, passBO)))) continue
    // Low bytes from the even windows, high bytes from the odd ones: one bit for each address, in
    // order.
    let candidates: u32 = i8x16.bitmask(v128.bitselect(passAE, passAO, lowBytes))
    candidates |= (<u32>i8x16.bitmask(v128.bitselect(passBE, passBO, lowBytes))) << 16
    for (; candidates != 0; candidates &= candidates - 1) {
      const candidate = cut + <usize>ctz(candidates)
      if (candidate < first) continue
      if (candidate > last) return 0
      if (isCut(candidate, verdictShift)) return candidate
    }
  }
  return 0
}
