import { byText, sortedEntries } from "../../lib/order.ts";
import type { NodeId } from "../../model/node.ts";
import type { Write } from "../../ports/effects.ts";

interface Receipt {
  /** Every transfer of that sender below this number is over. */
  readonly floor: number;
  readonly taken: readonly number[];
}

const PREFIX = "registry/receipts/";

/**
 * Which transfers were taken, so that a repeated one is acknowledged and not taken again, even after the record
 * has been deleted or has gone on to another home. A sender numbers its transfers and says with each which of
 * them is the oldest still open towards the receiver: everything below is forgotten (cf. RIFL, Lee et al., SOSP
 * 2015). One small row per sender.
 */
export class Receipts {
  readonly #bySender = new Map<NodeId, Receipt>();

  constructor(restored: ReadonlyMap<string, unknown>) {
    for (const [key, value] of sortedEntries(restored)) {
      if (key.startsWith(PREFIX)) this.#bySender.set(key.slice(PREFIX.length), value as Receipt);
    }
  }

  /** Senders, and the most transfers that are remembered of one of them. */
  get kept(): { readonly senders: number; readonly receipts: number } {
    const taken = [...this.#bySender.values()].map((receipt) => receipt.taken.length);
    return { senders: taken.length, receipts: Math.max(0, ...taken) };
  }

  taken(from: NodeId, number: number): boolean {
    const receipt = this.#bySender.get(from);
    return receipt !== undefined && (number < receipt.floor || receipt.taken.includes(number));
  }

  /** The sender's row as it is: what a repeated acknowledgement waits for. */
  row(from: NodeId): Write {
    return { key: `${PREFIX}${from}`, value: this.#bySender.get(from) ?? null };
  }

  /** Who could still ask whether a transfer was taken. */
  open(): NodeId[] {
    return [...this.#bySender]
      .flatMap(([sender, { taken }]) => (taken.length > 0 ? [sender] : []))
      .sort(byText);
  }

  /** Everything below is over. @returns what to write. */
  close(from: NodeId, floor: number): readonly Write[] {
    const before = this.#bySender.get(from);
    if (before === undefined || !(floor > before.floor)) return [];
    this.#bySender.set(from, { floor, taken: before.taken.filter((each) => each >= floor) });
    return [this.row(from)];
  }

  /** @returns what must be durable, together with the record, before the transfer is acknowledged. */
  take(from: NodeId, number: number, floor: number): Write {
    const before = this.#bySender.get(from) ?? { floor: 0, taken: [] };
    const newFloor = Math.max(before.floor, Math.min(floor, number));
    const taken = [...before.taken, number].filter((each) => each >= newFloor).sort((a, b) => a - b);
    const receipt: Receipt = { floor: newFloor, taken };
    this.#bySender.set(from, receipt);
    return { key: `${PREFIX}${from}`, value: receipt };
  }
}
