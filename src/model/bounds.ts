/** Bounds that more than one room keeps to. */

/** Hosts that a VM left within its cool-down and remembers; with so many it rests: no condition moves it any more. */
export const DEPARTURES_REMEMBERED = 64;
