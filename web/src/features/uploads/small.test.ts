import { expect, test } from 'vitest';
import { ApiError } from '../../api/client';
import { formatBytes, formatDuration } from '../../shared/format';
import { RateMeter } from './rate';
import { backoffMs, willPass } from './retry';

test('the pause between attempts doubles up to a limit', () => {
  expect([0, 1, 2, 3].map((attempt) => backoffMs(attempt, 0.5))).toEqual([1000, 2000, 4000, 8000]);
  expect(backoffMs(50, 0.5)).toBe(20_000);
});

test('an absent server is waited for, a refusal is not', () => {
  const error = (status: number, code = 'x') => new ApiError(code, '', status);
  for (const status of [0, 401, 423, 429, 500, 502, 503, 504]) expect(willPass(error(status)), String(status)).toBe(true);
  for (const status of [400, 403, 404, 409, 413, 415, 507]) expect(willPass(error(status)), String(status)).toBe(false);
  expect(willPass(error(409, 'upload_offset_mismatch'))).toBe(true);
});

test('speed is that of the last seconds', () => {
  const meter = new RateMeter();
  for (let second = 0; second <= 20; second++) meter.add(second < 10 ? 0 : (second - 10) * 1000, second * 1000);
  expect(meter.bytesPerSecond).toBeCloseTo(1000);
});

test('sizes and times are short', () => {
  expect([0, 1023, 1536, 5 * 1024 ** 2, 123 * 1024 ** 3].map(formatBytes)).toEqual(['0 B', '1023 B', '1.5 KB', '5.0 MB', '123 GB']);
  expect([5, 75, 3700].map(formatDuration)).toEqual(['0:05', '1:15', '1:01:40']);
});
