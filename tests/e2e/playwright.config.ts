// How are the stories run? In Debian's Chromium, each on its own server, on a desktop and on a phone.
import { defineConfig } from '@playwright/test';
import { BUILD } from './support/paths.ts';

const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

export default defineConfig({
  testDir: 'stories',
  outputDir: `${BUILD}/e2e-results`,
  // CI runs on a slow machine: waiting long costs nothing when things are quick.
  timeout: 240_000,
  expect: { timeout: 30_000 },
  retries: 1,
  workers: Number(process.env.WENSHU_E2E_WORKERS ?? 2),
  reporter: [['list']],
  use: {
    actionTimeout: 30_000,
    navigationTimeout: 60_000,
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    trace: 'off',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.WENSHU_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'desktop', testMatch: /desktop-.*\.spec\.ts/, use: { viewport: { width: 1280, height: 800 } } },
    { name: 'phone', testMatch: /phone-.*\.spec\.ts/, use: phone },
  ],
});
