/** What can be done about snapshots that were just forgotten. */
export function undeleteHint(snapshots: number): string {
  const them = snapshots === 1 ? 'it' : 'them'
  return `\`holdfast undelete\` brings ${them} back for 7 days; then \`holdfast prune\` frees the space\n`
}
