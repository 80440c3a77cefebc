/** Frames on a stream: a length of four bytes, big-endian, then that many bytes; an empty frame is not allowed. */
const HEADER = 4;

export function frame(payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(HEADER + payload.length);
  new DataView(out.buffer).setUint32(0, payload.length);
  out.set(payload, HEADER);
  return out;
}

/** Cuts a stream of bytes into frames; keeps at most one unfinished frame of at most the current limit. */
export class FrameReader {
  #chunks: Uint8Array[] = [];
  #buffered = 0;

  /**
   * Feeds bytes and calls `take` for every finished frame; `limit` is asked before each, since the first frame
   * of a stream is bounded otherwise than the others. `take` returns false to stop (the stream is over).
   * @returns null, or why the stream must be closed.
   */
  push(bytes: Uint8Array, limit: () => number, take: (payload: Uint8Array) => boolean): string | null {
    this.#chunks.push(bytes);
    this.#buffered += bytes.length;
    while (this.#buffered >= HEADER) {
      const length = this.#length();
      if (length === 0) return "a frame of no bytes";
      if (length > limit()) return `a frame of ${length} bytes, where ${limit()} are allowed`;
      if (this.#buffered < HEADER + length) return null;
      if (!take(this.#take(length))) return null;
    }
    return null;
  }

  #length(): number {
    const first = this.#chunks[0];
    const head = first !== undefined && first.length >= HEADER ? first : this.#join();
    return new DataView(head.buffer, head.byteOffset).getUint32(0);
  }

  #take(length: number): Uint8Array {
    const all = this.#join();
    const end = HEADER + length;
    this.#chunks = all.length > end ? [all.subarray(end)] : [];
    this.#buffered -= end;
    return all.subarray(HEADER, end);
  }

  #join(): Uint8Array {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const all = new Uint8Array(Buffer.concat(this.#chunks));
    this.#chunks = [all];
    return all;
  }
}
