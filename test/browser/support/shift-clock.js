/*
 * Loaded before a command (`node --import`): its clock is set back by so many milliseconds, so that a test's repository has a past.
 */
const shiftMs = Number(process.env['HOLDFAST_TEST_CLOCK_SHIFT_MS'] ?? 0)
const RealDate = globalThis.Date

class ShiftedDate extends RealDate {
  /** @param {ConstructorParameters<DateConstructor>} fields */
  constructor(...fields) {
    if (fields.length === 0) super(RealDate.now() - shiftMs)
    else super(...fields)
  }

  static now() {
    return RealDate.now() - shiftMs
  }
}

globalThis.Date = /** @type {DateConstructor} */ (ShiftedDate)
