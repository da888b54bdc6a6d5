// Which files make up a build? Writes `sw.js`, with their list, beside the others.
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin, Rolldown } from 'vite';

/** What opens when there is no server: the application and a page in it. */
const OPENED_OFFLINE = ['DocumentPage', 'EditorPage'];
/** Files of the build that are not needed for pages and larger than this are not kept. */
const REST_MAX_BYTES = 1 << 20;
const TEMPLATE = path.join(path.dirname(fileURLToPath(import.meta.url)), 'sw.js');

type Bundle = Rolldown.OutputBundle;

/** The chunk's own files and those that it cannot do without. */
function needed(bundle: Bundle, fileName: string, into: Set<string>): void {
  if (into.has(fileName)) return;
  into.add(fileName);
  const chunk = bundle[fileName];
  if (chunk?.type !== 'chunk') return;
  for (const name of chunk.imports) needed(bundle, name, into);
  const { importedCss = new Set(), importedAssets = new Set() } = chunk.viteMetadata ?? {};
  for (const name of [...importedCss, ...importedAssets]) into.add(String(name));
}

export function serviceWorker(): Plugin {
  return {
    name: 'wenshu-service-worker',
    apply: 'build',
    writeBundle({ dir }, bundle) {
      const folder = dir!;
      const chunks = Object.values(bundle).filter((one) => one.type === 'chunk');
      const entry = chunks.find((one) => one.isEntry);
      if (!entry) throw new Error('the build has no entry');
      const shell = new Set<string>();
      needed(bundle, entry.fileName, shell);
      for (const name of OPENED_OFFLINE) {
        const page = chunks.find((one) => one.isDynamicEntry && one.name === name);
        if (!page) throw new Error(`the build has no chunk ${name}: what opens without the server?`);
        needed(bundle, page.fileName, shell);
      }
      const files = Object.keys(bundle).filter((name) => name.startsWith('assets/'));
      const rest = files.filter((name) => !shell.has(name) && statSync(path.join(folder, name)).size <= REST_MAX_BYTES);
      const page = readFileSync(path.join(folder, 'index.html'));
      const build = createHash('sha256').update(page).update(files.sort().join('\n')).digest('hex').slice(0, 16);
      const listed = (names: Iterable<string>) => JSON.stringify([...names].map((name) => `/${name}`).sort());
      const script = readFileSync(TEMPLATE, 'utf8')
        .replace('__BUILD__', build)
        .replace('__SHELL__', listed(['index.html', 'favicon.svg', ...shell]))
        .replace('__REST__', listed(rest))
        .replace('__ENTRY__', entry.fileName);
      writeFileSync(path.join(folder, 'sw.js'), script);
    },
  };
}
