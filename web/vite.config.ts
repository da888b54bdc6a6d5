import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { excalidrawAssets } from './excalidraw';
import { serviceWorker } from './offline/plugin';

// During development the pages come from Vite and the API from a running server.
const api = process.env.WENSHU_API ?? 'http://127.0.0.1:8080';
const proxy = { '/api': { target: api, ws: true } };

export default defineConfig({
  plugins: [react(), excalidrawAssets(), serviceWorker()],
  // Bundled for development too, the plugin would not see it.
  optimizeDeps: { exclude: ['@excalidraw/excalidraw'] },
  worker: { format: 'es' },
  server: { proxy },
  preview: { proxy },
  build: {
    target: 'es2022',
    // The content security policy allows scripts, images and fonts from the origin alone: nothing becomes a data: address.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/testing/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    css: false,
    restoreMocks: true,
    testTimeout: 90_000,
  },
});
