// TypeScript declares WebAssembly only together with the browser's whole interface, which this
// program must not see by accident. These are the parts in use.

export interface WasmMemory {
  readonly buffer: ArrayBuffer
}

export interface WasmModule {
  readonly wasmModule?: never
}

interface WasmInstance<Exports> {
  readonly exports: Exports
}

interface WasmApi {
  readonly Memory: new (size: { initial: number; maximum: number }) => WasmMemory
  readonly Module: new (bytes: Uint8Array) => WasmModule
  readonly Instance: new <Exports>(
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => WasmInstance<Exports>
}

/** The engine's `WebAssembly` object. */
export const wasm: WasmApi = Reflect.get(globalThis, 'WebAssembly')
