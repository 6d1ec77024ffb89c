/** Below, sorting everything is as good. */
const wholeMax = 64

/**
 * Brings the items from `start` to `end` to where sorting would bring them: of a hundred thousand matches a page is shown. The others are
 * left in some order.
 */
export function sortPart<Item>(
  items: Item[],
  [start, end]: readonly [start: number, end: number],
  compare: (one: Item, other: Item) => number,
): void {
  const spans: (readonly [number, number])[] = [[0, items.length]]
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [low, high] = span
    if (high <= start || low >= end) continue
    if (high - low <= wholeMax || (start <= low && high <= end)) {
      for (const [index, item] of items.slice(low, high).sort(compare).entries()) {
        items[low + index] = item
      }
      continue
    }
    const [less, more] = partition(items, span, compare)
    spans.push([low, less], [more, high])
  }
}

/** @returns where those begin that are equal to the pivot, and where those that come after it */
function partition<Item>(
  items: Item[],
  [low, high]: readonly [number, number],
  compare: (one: Item, other: Item) => number,
): [less: number, more: number] {
  const pivot = middleOf([items[low], items[(low + high) >>> 1], items[high - 1]], compare)
  let [less, at, more] = [low, low, high]
  while (at < more) {
    const item = items[at]
    const order = compare(item, pivot)
    if (order === 0) at += 1
    else if (order < 0) {
      items[at++] = items[less]
      items[less++] = item
    } else {
      items[at] = items[--more]
      items[more] = item
    }
  }
  return [less, more]
}

function middleOf<Item>(three: Item[], compare: (one: Item, other: Item) => number): Item {
  return three.sort(compare)[1]
}
