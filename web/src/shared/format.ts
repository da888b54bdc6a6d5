// How are sizes, times and durations written?
import dayjs from 'dayjs';

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** 1536 → `1.5 KB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `2026-03-01 09:30`, in the reader's time zone. */
export function formatTime(at: number): string {
  return dayjs(at).format('YYYY-MM-DD HH:mm');
}

/** Short form for lists: today only the time, this year without the year. */
export function formatShortTime(at: number, now = Date.now()): string {
  const time = dayjs(at);
  const today = dayjs(now);
  if (time.isSame(today, 'day')) return time.format('HH:mm');
  return time.isSame(today, 'year') ? time.format('MM-DD HH:mm') : time.format('YYYY-MM-DD');
}

/** 75 → `1:15`, 3700 → `1:01:40`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (part: number) => String(part).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}
