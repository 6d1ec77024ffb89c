interface MemoryOptions {
  readonly initial: number
  readonly maximum?: number
  readonly shared?: boolean
}

interface WebAssemblyNamespace {
  readonly Memory: new (options: MemoryOptions) => { readonly buffer: ArrayBuffer }
}

/** The bytes of a WebAssembly memory; the compiler's libraries without a browser lack its types. */
export function webAssemblyBuffer(options: MemoryOptions): ArrayBuffer {
  const { Memory } = Reflect.get(globalThis, 'WebAssembly') as WebAssemblyNamespace
  return new Memory(options).buffer
}
