// Which files can become pages? Those with running text; the server says so too.
import type { DocumentView } from '../../api/types';

const TYPES = [
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.template',
  'application/vnd.ms-word.document.macroEnabled.12',
  'application/msword',
  'application/rtf',
  'text/rtf',
  'application/vnd.oasis.opendocument.text',
  'text/html',
  'text/markdown',
  'text/plain',
];

/** Endings of files that can become pages, for a file picker. */
export const ENDINGS = '.docx,.docm,.dotx,.doc,.wps,.odt,.rtf,.md,.markdown,.html,.htm,.txt';

/** Whether this document can become a page beside it. */
export function canBecomePage(document: DocumentView): boolean {
  return (
    document.kind === 'file' &&
    document.abilities.includes('download') &&
    document.abilities.includes('upload') &&
    TYPES.includes(document.media_type)
  );
}

/** The name of the page that a file becomes. */
export function pageName(fileName: string): string {
  const dot = fileName.lastIndexOf('.');
  return dot > 0 ? fileName.slice(0, dot) : fileName;
}
