// How does a picture get into the text? It stands there at once, grey, and gets its address when it has been uploaded.
import type { Editor } from '@tiptap/core';
import type { Node } from '@tiptap/pm/model';
import { UPLOADING } from './schema/picture';

/** Uploads one picture and returns its address. */
export type UploadPicture = (file: File) => Promise<string>;

function newAddress(): string {
  return `${UPLOADING}${crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)}`;
}

/** Every node that waits for this upload: undo and copying may have moved or doubled it. */
function waiting(doc: Node, address: string): number[] {
  const found: number[] = [];
  doc.descendants((node, pos) => {
    if (node.type.name === 'image' && node.attrs.src === address) found.push(pos);
  });
  return found;
}

/** Replaces the address of those that wait, or takes them away. Undo has no step for it: nobody did it by hand. */
function settle(editor: Editor, address: string, src: string | null): void {
  if (editor.isDestroyed) return;
  const { tr } = editor.state;
  for (const pos of waiting(tr.doc, address).toReversed()) {
    if (src) tr.setNodeAttribute(pos, 'src', src);
    else tr.delete(pos, pos + 1);
  }
  if (tr.docChanged) editor.view.dispatch(tr.setMeta('addToHistory', false));
}

function start(editor: Editor, address: string, file: File, upload: UploadPicture, onError: (file: File, error: unknown) => void): void {
  upload(file).then(
    (src) => settle(editor, address, src),
    (error: unknown) => {
      settle(editor, address, null);
      onError(file, error);
    },
  );
}

/** Puts pictures at `at`, or where the cursor is. */
export function insertPictures(
  editor: Editor,
  files: File[],
  { upload, onError, at }: { upload: UploadPicture; onError: (file: File, error: unknown) => void; at?: number },
): void {
  const pictures = files.map((file) => ({ file, address: newAddress() }));
  const content = pictures.map(({ file, address }) => ({ type: 'image', attrs: { src: address, alt: file.name.replace(/\.\w+$/, '') } }));
  const chain = editor.chain().focus();
  if (at === undefined) chain.insertContent(content).run();
  else chain.insertContentAt(at, content).run();
  for (const { file, address } of pictures) start(editor, address, file, upload, onError);
}

/** Uploads the pictures of pasted HTML; returns it with addresses that wait in their place. Call `begin` once it is in the text. */
export function adoptPictures(html: string, files: Map<string, File>): { html: string; begin: (editor: Editor, upload: UploadPicture, onError: (file: File, error: unknown) => void) => void } {
  const started: { address: string; file: File }[] = [];
  let adopted = html;
  for (const [src, file] of files) {
    const address = newAddress();
    adopted = adopted.replaceAll(`"${src}"`, `"${address}"`);
    started.push({ address, file });
  }
  return { html: adopted, begin: (editor, upload, onError) => started.forEach(({ address, file }) => start(editor, address, file, upload, onError)) };
}
