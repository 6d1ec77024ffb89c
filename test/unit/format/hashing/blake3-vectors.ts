/** From the official BLAKE3 test vectors. */
export const vectorKey: Buffer = Buffer.from('whats the Elvish word for friend', 'latin1')
export const vectorContext = 'BLAKE3 2019-12-27 16:29:52 test vectors context'

export interface Blake3Vector {
  readonly inputBytes: number
  readonly plain: string
  readonly keyed: string
  readonly derived: string
}

export const vectors: readonly Blake3Vector[] = [
  {
    inputBytes: 0,
    plain: 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
    keyed: '92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26',
    derived: '2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d',
  },
  {
    inputBytes: 1,
    plain: '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213',
    keyed: '6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b',
    derived: 'b3e2e340a117a499c6cf2398a19ee0d29cca2bb7404c73063382693bf66cb06c',
  },
  {
    inputBytes: 1023,
    plain: '10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11',
    keyed: 'c951ecdf03288d0fcc96ee3413563d8a6d3589547f2c2fb36d9786470f1b9d6e',
    derived: '74a16c1c3d44368a86e1ca6df64be6a2f64cce8f09220787450722d85725dea5',
  },
  {
    inputBytes: 1024,
    plain: '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7',
    keyed: '75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4',
    derived: '7356cd7720d5b66b6d0697eb3177d9f8d73a4a5c5e968896eb6a689684302706',
  },
  {
    inputBytes: 1025,
    plain: 'd00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444',
    keyed: '357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69',
    derived: 'effaa245f065fbf82ac186839a249707c3bddf6d3fdda22d1b95a3c970379bcb',
  },
  {
    inputBytes: 2049,
    plain: '5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030',
    keyed: '9f29700902f7c86e514ddc4df1e3049f258b2472b6dd5267f61bf13983b78dd5',
    derived: '2ea477c5515cc3dd606512ee72bb3e0e758cfae7232826f35fb98ca1bcbdf273',
  },
  {
    inputBytes: 31744,
    plain: '62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47',
    keyed: 'efa53b389ab67c593dba624d898d0f7353ab99e4ac9d42302ee64cbf9939a419',
    derived: '39772aef80e0ebe60596361e45b061e8f417429d529171b6764468c22928e28e',
  },
]

/** First 64 bytes of the extended keyed output for the input of length 1. */
export const keyedStreamOfOneByte: string =
  '6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b' +
  '6568c0490609413006fbd428eb3fd14e7756d90f73a4725fad147f7bf70fd61c'

/** The official input: 0, 1, … 250, 0, 1, … */
export function vectorInput(lengthBytes: number): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, index) => index % 251)
}
