/**
 * Max-min fair shares of `capacity` among `demands`, in their order: nobody gets more than it wants, and what
 * one leaves is shared by the rest. Integers; with room for all, the demands themselves.
 */
export function maxMinShares(demands: readonly number[], capacity: number): readonly number[] {
  let sum = 0;
  for (const demand of demands) sum += demand;
  if (sum <= capacity) return demands;
  const shares = demands.map(() => 0);
  const smallestFirst = demands.map((_, i) => i).sort((a, b) => at(demands, a) - at(demands, b) || a - b);
  let left = Math.max(0, capacity);
  smallestFirst.forEach((who, position) => {
    const share = Math.min(at(demands, who), Math.floor(left / (demands.length - position)));
    shares[who] = share;
    left -= share;
  });
  return shares;
}

function at(list: readonly number[], i: number): number {
  return list[i] ?? 0;
}
