/** Orders by code unit: the same everywhere, whatever the locale. Iteration order is part of the protocol. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The entries of a map in the order of their keys. */
export function sortedEntries<V>(map: ReadonlyMap<string, V>): [string, V][] {
  return [...map].sort(([a], [b]) => byText(a, b));
}

/** The values of a map in the order of their keys. */
export function sortedValues<V>(map: ReadonlyMap<string, V>): V[] {
  return sortedEntries(map).map(([, value]) => value);
}
