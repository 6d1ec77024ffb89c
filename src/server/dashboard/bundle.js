/*
 * Bundles the front end into `dist/server/dashboard/`: `index.html` and `assets/NAME-HASH.*`, each with its compressed
 * forms beside it (`.br`, `.gz`), so that the server compresses nothing while it answers.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const source = fileURLToPath(new URL('.', import.meta.url))
const target = fileURLToPath(new URL('../../../dist/server/dashboard/', import.meta.url))

const { outputFiles, metafile } = await build({
  absWorkingDir: source,
  entryPoints: { dashboard: 'main.tsx', style: 'style/index.css', icon: 'icon.svg' },
  outdir: join(target, 'assets'),
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  format: 'esm',
  // The first that know all of the styles, such as light-dark(): May 2024.
  target: ['chrome123', 'firefox121', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'copy' },
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
})

rmSync(target, { recursive: true, force: true })
mkdirSync(join(target, 'assets'), { recursive: true })

const named = (pattern) => {
  const path = Object.keys(metafile.outputs).find((each) => pattern.test(basename(each)))
  if (path === undefined) throw new Error(`The bundle has no ${pattern}`)
  return `assets/${basename(path)}`
}
const page = readFileSync(join(source, 'index.html'), 'utf8')
  .replace('main.tsx', named(/^dashboard-.*\.js$/))
  .replace('style.css', named(/^style-.*\.css$/))
  .replace('icon.svg', named(/^icon-.*\.svg$/))

for (const { path, contents } of outputFiles) {
  const name = basename(path)
  // Of a file that is only copied esbuild also makes a script that says where it is.
  if (!/^icon-.*\.js$/.test(name)) writeWithCompressed(`assets/${name}`, contents)
}
writeWithCompressed('index.html', Buffer.from(page))

/** @param {string} name @param {Uint8Array} contents */
function writeWithCompressed(name, contents) {
  writeFileSync(join(target, name), contents)
  writeFileSync(join(target, `${name}.gz`), gzipSync(contents, { level: 9 }))
  const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY }
  writeFileSync(join(target, `${name}.br`), brotliCompressSync(contents, { params: quality }))
}
