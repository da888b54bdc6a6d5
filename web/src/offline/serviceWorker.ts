// Does the application open without the server, and is a newer build waiting? Registers the worker that keeps the files.
import { useSyncExternalStore } from 'react';

/** How often an open tab asks whether there is a newer build. */
const ASK_EVERY_MS = 30 * 60_000;

let registration: ServiceWorkerRegistration | null = null;
let waiting: ServiceWorker | null = null;
const listeners = new Set<() => void>();

/** Browsers allow it on https and on this machine only. */
export function isPossible(): boolean {
  return window.isSecureContext && 'serviceWorker' in navigator;
}

/** Whether a reload without the server opens the application. */
export function opensOffline(): boolean {
  return isPossible() && Boolean(navigator.serviceWorker.controller);
}

/** Starts it; in the finished build only. */
export async function startServiceWorker(): Promise<void> {
  if (!import.meta.env.PROD || !isPossible()) return;
  try {
    registration = await navigator.serviceWorker.register('/sw.js', { updateViaCache: 'none' });
  } catch {
    // A browser that forbids it, or a server that is away: the application works without.
    return;
  }
  const found = registration;
  note(found.waiting);
  found.addEventListener('updatefound', () => {
    const coming = found.installing;
    coming?.addEventListener('statechange', () => coming.state === 'installed' && note(coming));
  });
  void navigator.serviceWorker.ready.then((ready) => setTimeout(() => ready.active?.postMessage('fill'), 5_000));
  setInterval(askForUpdate, ASK_EVERY_MS);
  window.addEventListener('online', askForUpdate);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && askForUpdate());
}

/** Looks whether the server has a newer build. */
export function askForUpdate(): void {
  registration?.update().catch(() => {});
}

function note(worker: ServiceWorker | null): void {
  // The first worker of all replaces nothing.
  if (!worker || !navigator.serviceWorker.controller) return;
  waiting = worker;
  listeners.forEach((listener) => listener());
}

/** Whether a newer build is ready. */
export function useUpdateReady(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => waiting !== null,
  );
}

/** Changes to the newer build. Other tabs go on with theirs until they are reloaded. */
export function changeToUpdate(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting?.postMessage('activate');
}
