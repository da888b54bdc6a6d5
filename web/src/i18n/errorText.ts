// What does a failure say to the reader? Codes are translated here and nowhere else.
import type { TFunction } from 'i18next';
import i18next from 'i18next';
import { ApiError } from '../api/client';

/** Translates an error code; an unknown code falls back to the server's own message. */
export function codeText(t: TFunction, code: string, message?: string | null): string {
  const key = `error.${code}`;
  if (i18next.exists(key)) return t(key as 'error.unknown');
  return message || `${t('error.unknown')} (${code})`;
}

/** The text for anything that was thrown. */
export function errorText(t: TFunction, error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error && error.message ? error.message : t('error.unknown');
  const text = codeText(t, error.code, error.message);
  if (error.retryAfterSeconds) return `${text} · ${t('error.retryAfter', { count: error.retryAfterSeconds })}`;
  if (error.code === 'internal' && error.requestId) return `${text} · ${t('error.requestId', { id: error.requestId })}`;
  return text;
}
