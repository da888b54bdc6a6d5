// Where are the program, the documents and the output?
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const BUILD = path.join(ROOT, 'build');
export const SCREENSHOTS = path.join(BUILD, 'screenshots');
/** Real documents, beside the repository; see the README there. */
export const CORPUS = path.resolve(ROOT, '../shared/corpus');
export const PROGRAM = process.env.WENSHU_BIN ?? path.join(ROOT, 'target/debug/wenshu');
