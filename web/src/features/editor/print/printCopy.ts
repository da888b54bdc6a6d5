// What is printed? A copy of the text alone, made when the browser is about to print: without carets, handles and tools, and
// with the header rows of tables where a browser repeats them on every sheet.

/** The copy; `sheet` says whose margins it has. */
export function printCopy(text: HTMLElement, sheet: string): HTMLElement {
  const copy = text.cloneNode(true) as HTMLElement;
  copy.removeAttribute('contenteditable');
  copy.removeAttribute('role');
  copy.removeAttribute('aria-label');
  copy.querySelectorAll('.collaboration-carets__caret, .ProseMirror-gapcursor, .ProseMirror-widget, .column-resize-handle, [data-resize-handle]').forEach((one) => one.remove());
  copy.querySelectorAll('.collaboration-carets__selection, .selection, .found').forEach((one) => one.replaceWith(...one.childNodes));
  copy.querySelectorAll('.ProseMirror-selectednode, .selectedCell, .is-empty').forEach((one) => one.classList.remove('ProseMirror-selectednode', 'selectedCell', 'is-empty', 'is-editor-empty'));
  copy.querySelectorAll('table').forEach(repeatHeader);
  // The empty paragraph behind the last words must not begin a sheet of its own.
  const last = copy.lastElementChild;
  if (copy.children.length > 1 && last?.tagName === 'P' && last.textContent === '' && !last.querySelector('img')) last.remove();
  const root = document.createElement('div');
  root.className = 'page-print page-text';
  root.dataset.sheet = sheet;
  root.append(copy);
  return root;
}

/** Moves the leading rows that consist of header cells alone into the table's head. */
function repeatHeader(table: HTMLTableElement): void {
  const body = table.tBodies[0];
  if (!body) return;
  const head = document.createElement('thead');
  while (body.rows[0] && [...body.rows[0].cells].every((cell) => cell.tagName === 'TH')) {
    // A cell that reaches into the rows below keeps its row with them.
    if ([...body.rows[0].cells].some((cell) => cell.rowSpan > 1)) break;
    head.append(body.rows[0]);
  }
  if (head.rows.length > 0 && body.rows.length > 0) table.insertBefore(head, body);
  else body.prepend(...head.rows);
}

/** Prints this editor's text instead of the window, as long as it is shown. */
export function printTextOnly(text: () => HTMLElement | null, sheet: () => string): () => void {
  let copy: HTMLElement | null = null;
  const handleBefore = () => {
    const element = text();
    if (!element) return;
    copy?.remove();
    copy = printCopy(element, sheet());
    document.body.append(copy);
    document.documentElement.dataset.printing = '';
  };
  const handleAfter = () => {
    copy?.remove();
    copy = null;
    delete document.documentElement.dataset.printing;
  };
  window.addEventListener('beforeprint', handleBefore);
  window.addEventListener('afterprint', handleAfter);
  return () => {
    handleAfter();
    window.removeEventListener('beforeprint', handleBefore);
    window.removeEventListener('afterprint', handleAfter);
  };
}
