/** Fixed-size sets of small integers: which hosts a VM may use. 10,000 hosts are 1.25 KB. */
export type Bits = Uint32Array;

export const noBits = (size: number): Bits => new Uint32Array((size + 31) >>> 5);

export function allBits(size: number): Bits {
  const bits = noBits(size).fill(0xffffffff);
  const last = size & 31;
  if (last !== 0) bits[bits.length - 1] = 2 ** last - 1;
  return bits;
}

export const hasBit = (bits: Bits, i: number): boolean =>
  (((bits[i >>> 5] as number) >>> (i & 31)) & 1) === 1;

export function setBit(bits: Bits, i: number): void {
  bits[i >>> 5] = (bits[i >>> 5] as number) | (1 << (i & 31));
}

export const intersection = (a: Bits, b: Bits): Bits => a.map((word, i) => word & (b[i] as number));

export const complement = (a: Bits, size: number): Bits =>
  allBits(size).map((word, i) => word & ~(a[i] as number));

/** Adds all of `from` to `into`; true when that changed something. */
export function uniteInto(into: Bits, from: Bits): boolean {
  let changed = false;
  for (let i = 0; i < into.length; i++) {
    const before = into[i] as number;
    const after = (before | (from[i] as number)) >>> 0;
    if (after !== before) {
      into[i] = after;
      changed = true;
    }
  }
  return changed;
}

export function bitCount(bits: Bits): number {
  let count = 0;
  for (let word of bits) {
    for (; word !== 0; word &= word - 1) count++;
  }
  return count;
}
