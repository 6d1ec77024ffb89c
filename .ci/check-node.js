/* Says what is missing before the installation fails in a way that does not. */
const needed = [20, 19]
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  process.stderr.write(
    `Holdfast needs Node.js ${needed.join('.')} or newer; this is ${process.versions.node}\n`,
  )
  process.exitCode = 1
}
