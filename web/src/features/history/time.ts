import dayjs from 'dayjs';

/** Moments lie close together: to the second. */
export function formatMoment(at: number): string {
  return dayjs(at).format('YYYY-MM-DD HH:mm:ss');
}
