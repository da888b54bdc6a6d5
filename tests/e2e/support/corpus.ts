// Which real documents are used? A folder of fifty, with what the manifest knows about them.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CORPUS } from './paths.ts';

interface ManifestFile {
  path: string;
  sha256: string;
  bytes: number;
  pages: number | null;
}

const manifest = JSON.parse(readFileSync(path.join(CORPUS, 'manifest.json'), 'utf8')) as { files: ManifestFile[] };

export function corpusFile(name: string): string {
  return path.join(CORPUS, name);
}

export function known(name: string): ManifestFile {
  const file = manifest.files.find((one) => one.path === name);
  if (!file) throw new Error(`the corpus has no ${name}`);
  return file;
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Fifty documents of every kind that a day at an office brings; three of them cannot be shown, two want a password. */
export const FIFTY = [
  'office/csv/en-customers.csv',
  'office/csv/zh-law-index-gbk.csv',
  'office/doc/en-word97.doc',
  'office/doc/zh-cryptography-law.doc',
  'office/docx/en-comments.docx',
  'office/docx/en-hotshot-standards.docx',
  'office/docx/en-password-tika.docx',
  'office/docx/en-tracked-changes-2006ml.docx',
  'office/docx/zh-company-law-2023.docx',
  'office/docx/zh-famous-farm-products-2007.docx',
  'office/docx/zh-frontier-health-law-v2018.docx',
  'office/docx/zh-payment-notice-template.docx',
  'office/eml/en-inline-image.eml',
  'office/eml/ja-iso-2022-jp.eml',
  'office/eml/zh-gb18030-doc-attachment.eml',
  'office/html/zh-electronic-signature-law-gb2312.html',
  'office/md/en-markitdown-readme.md',
  'office/md/zh-constitution.md',
  'office/msg/en-attachment.msg',
  'office/odp/zh-data-security-law.odp',
  'office/ods/zh-keywords.ods',
  'office/odt/en-text-document.odt',
  'office/odt/zh-personal-information-law.odt',
  'office/ofd/zh-test-vat-invoice.ofd',
  'office/ppt/zh-data-security-law.ppt',
  'office/pptx/en-autogen-slides.pptx',
  'office/pptx/zh-data-security-law.pptx',
  'office/rtf/zh-state-secrets-law.rtf',
  'office/txt/zh-copyright-law-gbk.txt',
  'office/txt/zh-fishery-rules-gb18030.txt',
  'office/txt/zh-hant-basic-law-big5.txt',
  'office/txt/zh-language-law-utf8-bom.txt',
  'office/xls/zh-provinces.xls',
  'office/xlsx/en-charts.xlsx',
  'office/xlsx/zh-github-issues.xlsx',
  'office/xlsx/zh-merged-cells.xlsx',
  'pdf/annotations/en-annotated.pdf',
  'pdf/encrypted/en-aes256-r6-foo-bar.pdf',
  'pdf/fonts/zh-stsong-not-embedded.pdf',
  'pdf/forms/zh-form.pdf',
  'pdf/rotated/zh-rotations-and-sizes.pdf',
  'pdf/scan/zh-archives-law-ocr-layer.pdf',
  'pdf/signed/en-signed.pdf',
  'pdf/sizes/en-three-page-sizes.pdf',
  'pdf/text/de-geotopo-117p.pdf',
  'pdf/text/en-outline.pdf',
  'pdf/text/en-svn-book-462p.pdf',
  'pdf/text/zh-bidding-law.pdf',
  'pdf/text/zh-law-compilation.pdf',
  'pdf/text/zh-quarterly-report-22p.pdf',
] as const;

/** Copies files of the corpus into one new folder called `name`, as they would lie on a desktop; returns its path. */
export function desktopFolder(name: string, files: readonly string[]): string {
  const folder = path.join(mkdtempSync(path.join(os.tmpdir(), 'wenshu-desk-')), name);
  mkdirSync(folder);
  for (const file of files) copyFileSync(corpusFile(file), path.join(folder, path.basename(file)));
  return folder;
}
