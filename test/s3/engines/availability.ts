import { existsSync, readFileSync } from 'node:fs'

/** Of the capabilities in Linux's order, what mounts and namespaces take. */
const mayMountBit = 21n

/** Why no engine can be installed and run on this machine; undefined where it can. Cheap: every worker of the tests asks. */
export function whyNoEngine(): string | undefined {
  if (process.platform !== 'linux') return 'they need Linux'
  if (process.geteuid?.() !== 0) return 'only root can install and run the object stores'
  if (!mayMount()) return 'root may not mount here (CAP_SYS_ADMIN)'
  // The archive of its apt has to be Debian's.
  if (!existsSync('/usr/bin/apt-get') || !isDebian())
    return 'this is not Debian, whose packages they are'
  return undefined
}

function mayMount(): boolean {
  const mask = /^CapEff:\t([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  return ((BigInt(`0x${mask}`) >> mayMountBit) & 1n) === 1n
}

function isDebian(): boolean {
  try {
    return /^ID="?debian"?$/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}
