import { defineConfig } from 'vitest/config';

// The real program in a real browser: `WENSHU_BIN=path/to/wenshu npm run e2e`.
export default defineConfig({
  test: {
    include: ['e2e/**/*.e2e.ts'],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    bail: 1,
  },
});
