// How does the drawing area get along without the internet, and in Chinese throughout? A Vite plugin that serves its fonts
// from this application, takes out the address of the public server that it otherwise falls back to, and adds the texts
// that its Chinese translation lacks.
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'vite';

const FONTS = path.resolve(import.meta.dirname, 'node_modules/@excalidraw/excalidraw/dist/prod/fonts');
const ADDRESS = 'assets/excalidraw/fonts';
// 13 MB in 209 parts, of which a page of Chinese text needs most: Chinese is shown in the reader's own fonts instead, as
// everywhere in the application. They are there at once, and every person at a desk finds them easier to read.
const LEFT_OUT = 'Xiaolai';
/** The public server, in the code as it is published. */
const OUTSIDE = /`https:\/\/esm\.sh\/\$\{[\s\S]{0,200}?\}\/dist\/prod\/`/;
/** The list of the parts of the font that is left out: it is registered after this one. */
const HAND_FONT = /(\("Virgil",\.\.\.[\w$]+\),[\w$]+\([\w$]+),\.\.\.[\w$]+\)/;

const CHINESE = path.resolve(import.meta.dirname, 'src/features/board/excalidraw.zh-CN.json');

/** A language is a module with an object of texts for each export: missing texts are put in, missing objects exported. */
function withChinese(code: string): string {
  const texts = JSON.parse(readFileSync(CHINESE, 'utf8')) as Record<string, unknown>;
  const added = Object.entries(texts).map(([section, value], number) => {
    const [, name] = new RegExp(`([\\w$]+) as ${section}[,}]`).exec(code) ?? [];
    const json = JSON.stringify(value);
    return name ? `__fill(${name},${json});` : `const __added${number}=${json};export{__added${number} as ${section}};`;
  });
  const fill =
    'function __fill(to,from){for(const key in from){' +
    'if(typeof from[key]==="object"&&typeof to[key]==="object")__fill(to[key],from[key]);else to[key]??=from[key]}}';
  return `${code}\n${fill}${added.join('')}`;
}

function fonts(): string[] {
  return readdirSync(FONTS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes(LEFT_OUT))
    .map((entry) => path.relative(FONTS, path.join(entry.parentPath, entry.name)));
}

export function excalidrawAssets(): Plugin {
  let replaced = false;
  return {
    name: 'excalidraw-assets',
    transform(code, id) {
      if (!id.includes('@excalidraw/excalidraw/dist/prod')) return;
      if (id.includes('/locales/zh-CN-')) return { code: withChinese(code), map: null };
      if (!code.includes('esm.sh')) return;
      for (const pattern of [OUTSIDE, HAND_FONT]) {
        if (!pattern.test(code)) this.error(`@excalidraw/excalidraw has changed: ${pattern} is not in it any more`);
      }
      replaced = true;
      return { code: code.replace(OUTSIDE, `(location.origin+"/${ADDRESS.replace('fonts', '')}")`).replace(HAND_FONT, '$1)'), map: null };
    },
    generateBundle() {
      if (!replaced) this.error('the public server is still in the drawing area');
      for (const name of fonts()) {
        this.emitFile({ type: 'asset', fileName: `${ADDRESS}/${name}`, source: readFileSync(path.join(FONTS, name)) });
      }
    },
    configureServer(server) {
      server.middlewares.use(`/${ADDRESS}`, (request, response, next) => {
        const file = path.join(FONTS, path.normalize(decodeURIComponent(request.url ?? '/')));
        if (!file.startsWith(FONTS) || !existsSync(file)) return next();
        response.setHeader('content-type', 'font/woff2');
        createReadStream(file).pipe(response);
      });
    },
  };
}
