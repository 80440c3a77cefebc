/**
 * Assertions of preconditions and invariants. They stay on in production: an agent that has lost an
 * invariant stops before it acts on it (its guests live on in the hypervisor).
 */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** @throws AssertionError when `condition` is false; `invariant` is the sentence that should have held. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new AssertionError(`violated: ${invariant}`);
}

/** Marks a branch that the types exclude. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}

/** The value, where the code knows that it is there. */
export function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new AssertionError(`missing: ${what}`);
  return value;
}
