import base from './playwright.config.ts';
export default { ...base, retries: 0, expect: { timeout: 7000 }, use: { ...base.use, actionTimeout: 7000 } };
