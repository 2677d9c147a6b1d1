// zlib streams (RFC 1950) without waiting: what a page shows in its first frame, on paper or in a
// screenshot, can't wait for the browser's own decompressor, which answers later.

/** Reads bits, the least significant first (RFC 1951, 3.1.1). */
class BitReader {
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
    this.held = 0;
    this.count = 0;
  }

  bits(count) {
    while (this.count < count) {
      if (this.at >= this.bytes.length) throw new Error('the stream ends too soon');
      this.held |= this.bytes[this.at++] << this.count;
      this.count += 8;
    }
    const value = this.held & ((1 << count) - 1);
    this.held >>>= count;
    this.count -= count;
    return value;
  }

  /** Leaves the rest of the byte out. */
  align() {
    this.held = 0;
    this.count = 0;
  }
}

/** A canonical Huffman code by the lengths of its words (3.2.2): how many of each, and the symbols. */
function codeOf(lengths) {
  const counts = new Uint16Array(16);
  for (const length of lengths) ++counts[length];
  counts[0] = 0;
  const next = new Uint16Array(16);
  for (let length = 1; length < 15; ++length) next[length + 1] = next[length] + counts[length];
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length > 0) symbols[next[length]++] = symbol;
  });
  return {counts, symbols};
}

function symbolOf(reader, {counts, symbols}) {
  let code = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length < 16; ++length) {
    code |= reader.bits(1);
    if (code - first < counts[length]) return symbols[index + code - first];
    index += counts[length];
    first = (first + counts[length]) << 1;
    code <<= 1;
  }
  throw new Error('no such code');
}

/** The fixed codes of 3.2.6. */
function fixedCodes() {
  const lengths = Array.from({length: 288}, (_, i) => i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
  return [codeOf(lengths), codeOf(new Array(30).fill(5))];
}

/** The codes that stand in front of their block (3.2.7). */
function dynamicCodes(reader) {
  const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  const literals = reader.bits(5) + 257;
  const distances = reader.bits(5) + 1;
  const given = reader.bits(4) + 4;
  const ofLengths = new Array(19).fill(0);
  for (let i = 0; i < given; ++i) ofLengths[order[i]] = reader.bits(3);
  const code = codeOf(ofLengths);
  const lengths = [];
  while (lengths.length < literals + distances) {
    const symbol = symbolOf(reader, code);
    const before = lengths[lengths.length - 1] ?? 0;
    const times = symbol < 16 ? 1 : symbol === 16 ? 3 + reader.bits(2)
      : symbol === 17 ? 3 + reader.bits(3) : 11 + reader.bits(7);
    const value = symbol < 16 ? symbol : symbol === 16 ? before : 0;
    for (let i = 0; i < times; ++i) lengths.push(value);
  }
  return [codeOf(lengths.slice(0, literals)),
          codeOf(lengths.slice(literals, literals + distances))];
}

/** Bytes that grow. */
class ByteList {
  constructor() {
    this.bytes = new Uint8Array(1 << 16);
    this.size = 0;
  }

  push(byte) {
    if (this.size === this.bytes.length) {
      const larger = new Uint8Array(2 * this.size);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes[this.size++] = byte;
  }
}

/** A run of bytes that stood `distance` before: lengths and distances by their symbols (3.2.5). */
function copyRun(reader, symbol, distances, out) {
  const extra = symbol < 265 || symbol === 285 ? 0 : (symbol - 261) >> 2;
  const base = symbol === 285 ? 258
    : symbol < 265 ? symbol - 254 : 3 + ((4 + ((symbol - 265) & 3)) << extra);
  const length = base + reader.bits(extra);
  const far = symbolOf(reader, distances);
  const farExtra = far < 4 ? 0 : (far - 2) >> 1;
  const distance = (far < 4 ? 1 + far : 1 + ((2 + (far & 1)) << farExtra)) + reader.bits(farExtra);
  if (distance > out.size) throw new Error('a run begins before the stream');
  for (let i = 0; i < length; ++i) out.push(out.bytes[out.size - distance]);
}

function readCodedBlock(reader, [literals, distances], out) {
  for (;;) {
    const symbol = symbolOf(reader, literals);
    if (symbol === 256) return;
    if (symbol < 256) out.push(symbol);
    else copyRun(reader, symbol, distances, out);
  }
}

function readStoredBlock(reader, out) {
  reader.align();
  const size = reader.bits(16);
  if ((size ^ reader.bits(16)) !== 0xffff) throw new Error('a block has no size');
  for (let i = 0; i < size; ++i) out.push(reader.bits(8));
}

function adler32(bytes) {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
}

/** The bytes of a zlib stream. Throws where it is damaged. */
function inflateNow(stream) {
  const reader = new BitReader(stream, 2);
  const out = new ByteList();
  for (let last = 0; !last;) {
    last = reader.bits(1);
    const kind = reader.bits(2);
    if (kind === 0) readStoredBlock(reader, out);
    else if (kind === 1) readCodedBlock(reader, fixedCodes(), out);
    else if (kind === 2) readCodedBlock(reader, dynamicCodes(reader), out);
    else throw new Error('no such kind of block');
  }
  reader.align();
  const bytes = out.bytes.subarray(0, out.size);
  let sum = 0;
  for (let i = 0; i < 4; ++i) sum = sum * 256 + reader.bits(8);
  if (sum !== adler32(bytes)) throw new Error('the sum of the bytes is another');
  return bytes;
}
