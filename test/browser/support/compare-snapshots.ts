import type { Page } from 'playwright-core'

/** On the page of the snapshots: marks two of the list, counted from 0, and goes on to their comparison. */
export async function compareSnapshots(page: Page, one: number, other: number): Promise<void> {
  const boxes = page.getByRole('grid').getByRole('checkbox')
  await boxes.first().waitFor()
  await boxes.nth(one).click()
  await boxes.nth(other).click()
  await page.getByRole('region', { name: 'Selection' }).getByText('2 selected').waitFor()
  await page.getByRole('button', { name: 'Compare' }).click()
}
