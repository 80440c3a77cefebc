/** Bytes that are no message, or a message that cannot be said. Stays inside `wire`: the codec turns it into a failure. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

export function refuse(why: string): never {
  throw new Malformed(why);
}
