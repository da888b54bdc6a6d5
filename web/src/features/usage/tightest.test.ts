import { describe, expect, it } from 'vitest';
import type { UsageView } from '../../api/types';
import { tightest } from './tightest';

const usage = (used_bytes: number, limit_bytes: number | null, reserved_bytes = 0): UsageView => ({ used_bytes, reserved_bytes, limit_bytes, available_bytes: null });

describe('tightest', () => {
  it('says nothing while there is room, or no limit', () => {
    expect(tightest(undefined, undefined)).toBeNull();
    expect(tightest(usage(899, 1000), usage(1_000_000, null))).toBeNull();
  });

  it('names the limit that is reached first', () => {
    expect(tightest(usage(900, 1000), usage(950, 1000))).toEqual({ isOwn: true, leftBytes: 50, limitBytes: 1000 });
    expect(tightest(usage(990, 1000), usage(9500, 10_000))).toEqual({ isOwn: false, leftBytes: 10, limitBytes: 1000 });
  });

  it('counts what is on its way, and what is there beyond a limit that was lowered', () => {
    expect(tightest(usage(100, 1000, 850), undefined)).toEqual({ isOwn: false, leftBytes: 50, limitBytes: 1000 });
    expect(tightest(usage(5000, 1000), undefined)?.leftBytes).toBe(0);
    expect(tightest(undefined, usage(0, 0))?.leftBytes).toBe(0);
  });
});
