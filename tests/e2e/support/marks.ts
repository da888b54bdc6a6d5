// Do the marks of the viewer lie on the words? Read what stands below them: in the text layer, and in the picture itself.
import type { Page } from '@playwright/test';
import { execFileSync } from 'node:child_process';

/** The text of the viewer's text layer below each mark of a page, in the order of the marks. */
export function wordsUnderMarks(page: Page, number: number): Promise<string[]> {
  return page.locator(`[data-page="${number}"]`).evaluate((sheet) => {
    const walker = document.createTreeWalker(sheet, NodeFilter.SHOW_TEXT);
    const letters: { character: string; x: number; y: number }[] = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      for (let at = 0; at < (node.textContent ?? '').length; at += 1) {
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        const box = range.getBoundingClientRect();
        if (box.width > 0) letters.push({ character: node.textContent![at]!, x: box.left + box.width / 2, y: box.top + box.height / 2 });
      }
    }
    return [...sheet.querySelectorAll('[data-mark]')].map((mark) => {
      const box = mark.getBoundingClientRect();
      const inside = letters.filter(({ x, y }) => x > box.left && x < box.right && y > box.top && y < box.bottom);
      return inside.map(({ character }) => character).join('');
    });
  });
}

/** What a reader sees below a mark: the picture of the page there, enlarged and recognised. */
export async function readPictureUnder(page: Page, number: number, hit: number): Promise<string> {
  const picture = await page.locator(`[data-page="${number}"]`).evaluate(async (sheet, hit) => {
    const mark = sheet.querySelector(`[data-mark="${hit}"]`)!.getBoundingClientRect();
    const shown = sheet.querySelector('img')!;
    const frame = shown.getBoundingClientRect();
    const image = new Image();
    image.src = shown.src.replace(/width=\d+/, 'width=2560');
    await image.decode();
    const scale = image.naturalWidth / frame.width;
    const margin = 30;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [mark.width * scale + 2 * margin, mark.height * scale + 2 * margin];
    const context = canvas.getContext('2d')!;
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    const [x, y] = [(mark.left - frame.left) * scale, (mark.top - frame.top) * scale];
    context.drawImage(image, x, y, mark.width * scale, mark.height * scale, margin, margin, mark.width * scale, mark.height * scale);
    return canvas.toDataURL('image/png').split(',')[1]!;
  }, hit);
  const text = execFileSync('tesseract', ['-', '-', '-l', 'chi_sim', '--psm', '7'], { env: { ...process.env, OMP_THREAD_LIMIT: '1' }, input: Buffer.from(picture, 'base64'), stdio: ['pipe', 'pipe', 'ignore'] });
  return text.toString().replace(/\s/g, '');
}
