/**
 * The short texts that were read lately. The same ids, names and words come again and again, and a text that is
 * found here is neither made nor kept a second time. What is in the table changes how long reading takes, never
 * what is read: every byte is compared, and only ASCII is kept.
 */
const SLOTS = 4096;
/** Longer texts hardly come twice. */
const LONGEST = 64;
/** The bytes that choose a slot: ids of one kind differ at their ends. */
const TAIL = 8;

export class RecentTexts {
  readonly #texts: string[] = new Array<string>(SLOTS).fill("");

  /** The text in these bytes, if it was read lately. */
  find(bytes: Uint8Array, start: number, end: number): string | null {
    const length = end - start;
    if (length > LONGEST) return null;
    const text = this.#texts[slotOf(bytes, start, end)] as string;
    if (text.length !== length) return null;
    for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return null;
    return text;
  }

  /** Remembers that these bytes are UTF-8 for `text`; as many bytes as characters: it is ASCII. */
  remember(bytes: Uint8Array, start: number, end: number, text: string): void {
    const length = end - start;
    if (length <= LONGEST && text.length === length) this.#texts[slotOf(bytes, start, end)] = text;
  }
}

function slotOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let i = Math.max(start, end - TAIL); i < end; i++)
    hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
  return (hash ^ (hash >>> 12)) & (SLOTS - 1);
}
