// How many sheets of A4 does the text fill? Measured on the sheet that the screen shows, so about right, not exact.

/** Height for text on a sheet, in millimetres. */
const HEIGHT_MM = { plain: 297 - 2 * 25.4, official: 297 - 37 - 35 };
const PIXELS_PER_MM = 96 / 25.4;

/** `null` where the lines are not as long as on paper. */
export function countSheets(text: HTMLElement): number | null {
  const sheet = text.closest<HTMLElement>('[data-sheet]');
  if (!sheet || sheet.offsetWidth < 210 * PIXELS_PER_MM - 1) return null;
  const height = HEIGHT_MM[sheet.dataset.sheet === 'official' ? 'official' : 'plain'] * PIXELS_PER_MM;
  let sheets = 1;
  let top: number | null = null;
  for (const child of text.children) {
    const { offsetTop, offsetHeight } = child as HTMLElement;
    if (child instanceof HTMLElement && child.dataset.pageBreak !== undefined) {
      sheets += 1;
      top = null;
      continue;
    }
    if (offsetHeight === 0) continue;
    top ??= offsetTop;
    const over = offsetTop + offsetHeight - top;
    // A paragraph flows over the edge; only what is before it fixes where the next sheet begins.
    if (over > height) {
      const full = Math.ceil(over / height) - 1;
      sheets += full;
      top += full * height;
    }
  }
  return sheets;
}
