import type { zhCN } from './texts';

/** Same keys as the Chinese dictionary, plus English singular forms. */
export type Translation<Z> = Record<keyof Z, string> & { [key: `${string}_one`]: string };

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof zhCN };
    keySeparator: false;
    nsSeparator: false;
  }
}
