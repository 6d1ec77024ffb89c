/*
 * Where the program's own files are. Only this module asks for its own address: built, it lies in a bundle with others, in
 * another folder than its source, but always one folder below `dist/` as the source is one below `src/` (build.js).
 */
const isSource = import.meta.url.endsWith('.ts')
/** `src/` when the sources run through a loader, as in tests, else `dist/`. */
const codeFolder = new URL('../', import.meta.url)
const packageFolder = new URL('../', codeFolder)

/** A file by its path below the package. */
export function packageFile(path: string): URL {
  return new URL(path, packageFolder)
}

/** A file by its path below `src/`, to which the build gives the same below `dist/`. */
export function programFile(path: string): URL {
  return new URL(path, codeFolder)
}

/** A module that a thread starts with, by its path below `src/` without extension. The build has it as an entry. */
export function threadEntry(path: string): URL {
  return programFile(`${path}${isSource ? '.ts' : '.js'}`)
}

/** What only the build makes, by its path below `dist/`; sources take what was built last. */
export function builtFile(path: string): URL {
  return isSource ? packageFile(`dist/${path}`) : programFile(path)
}
