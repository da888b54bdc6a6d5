// What happens to HTML from the clipboard: cleaned, put into the text, its pictures uploaded.
import type { Editor } from '@tiptap/core';
import type { EditorView } from '@tiptap/pm/view';
import { adoptPictures, type UploadPicture } from '../pictures';
import { cleanHtml } from './clean';

interface Options {
  upload: UploadPicture;
  onError: (file: File, error: unknown) => void;
  /** So many pictures could not be taken along. */
  onLost: (count: number) => void;
}

/** Whether the HTML comes from an editor of this service: then it is as it should be. */
function isOwn(html: string): boolean {
  return html.includes('data-pm-slice=');
}

function fileOf(dataUri: string, number: number): File | null {
  const match = /^data:(image\/(png|jpeg|gif|webp|bmp));base64,([\s\S]+)$/.exec(dataUri);
  if (!match) return null;
  try {
    const bytes = Uint8Array.from(atob(match[3]!.replace(/\s/g, '')), (character) => character.charCodeAt(0));
    return new File([bytes], `image${number}.${match[2] === 'jpeg' ? 'jpg' : match[2]}`, { type: match[1] });
  } catch {
    return null; // not base64 after all
  }
}

/** Pastes the HTML of `data`; returns whether that was done. */
export function pasteHtml(editor: Editor, view: EditorView, data: DataTransfer, { upload, onError, onLost }: Options): boolean {
  const html = data.getData('text/html');
  if (html.trim() === '' || isOwn(html) || view.state.selection.$from.parent.type.spec.code) return false;
  const cleaned = cleanHtml(html, data.getData('text/rtf'));
  const files = new Map<string, File>();
  let { lost } = cleaned;
  for (const src of cleaned.pictures) {
    const file = fileOf(src, files.size + 1);
    if (file) files.set(src, file);
    else lost += 1;
  }
  const adopted = adoptPictures(cleaned.html, files);
  view.pasteHTML(adopted.html);
  adopted.begin(editor, upload, onError);
  if (lost > 0) onLost(lost);
  return true;
}
