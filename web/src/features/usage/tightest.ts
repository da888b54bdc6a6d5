// Is there little room left, and whose room is it?
import type { UsageView } from '../../api/types';

export interface Tightest {
  /** The person's room, else the library's. */
  isOwn: boolean;
  leftBytes: number;
  limitBytes: number;
}

/** From this share on little is left. */
const NEARLY = 0.9;

/** Of the limits that are nearly reached the one that is reached first. */
export function tightest(library: UsageView | undefined, own: UsageView | undefined): Tightest | null {
  const found = [of(library, false), of(own, true)].filter((one) => one !== null);
  return found.sort((one, other) => one.leftBytes - other.leftBytes)[0] ?? null;
}

function of(usage: UsageView | undefined, isOwn: boolean): Tightest | null {
  const limitBytes = usage?.limit_bytes ?? null;
  if (!usage || limitBytes === null) return null;
  const taken = usage.used_bytes + usage.reserved_bytes;
  if (taken < limitBytes * NEARLY) return null;
  return { isOwn, leftBytes: Math.max(0, limitBytes - taken), limitBytes };
}
