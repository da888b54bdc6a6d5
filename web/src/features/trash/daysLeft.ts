const DAY_MS = 24 * 60 * 60 * 1000;

/** Whole days until something goes for good, rounded up; 0 when it is due. */
export function daysLeft(purgeAt: number, now = Date.now()): number {
  return Math.max(0, Math.ceil((purgeAt - now) / DAY_MS));
}
