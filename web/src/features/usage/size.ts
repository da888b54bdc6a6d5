// Sizes as administrators type them: a number and a unit.

export const UNITS = ['MB', 'GB', 'TB'] as const;
export type Unit = (typeof UNITS)[number];

const FACTOR: Record<Unit, number> = { MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** The number and unit in which a size reads best. */
export function splitSize(bytes: number): { value: number; unit: Unit } {
  const unit = bytes >= FACTOR.TB ? 'TB' : bytes >= FACTOR.GB ? 'GB' : 'MB';
  return { value: Number((bytes / FACTOR[unit]).toFixed(3)), unit };
}

export function joinSize(value: number, unit: Unit): number {
  return Math.round(value * FACTOR[unit]);
}
