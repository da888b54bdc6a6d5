// Which differences would nobody call one? What was deleted and written again word for word, as undoing and restoring do, and a
// paragraph that only became a heading, which is another element to Yjs.
import { equal } from './equal';
import { isText, textOf, type TextRun, type TreeNode } from './tree';

type Piece = TreeNode | TextRun;
/** Beyond this many pairs only the ends of a stretch are looked at. */
const PAIRS_MAX = 1_000_000;

/** Takes such differences out of a comparison. */
export function settle(pieces: Piece[]): Piece[] {
  const settled: Piece[] = [];
  for (let at = 0; at < pieces.length; ) {
    const piece = pieces[at]!;
    let end = at;
    while (end < pieces.length && differs(pieces[end]!) && isText(pieces[end]!) === isText(piece)) end += 1;
    if (end === at) {
      settled.push(isText(piece) ? piece : settleNode(piece));
      at += 1;
    } else {
      const zone = pieces.slice(at, end);
      settled.push(...(isText(piece) ? settleRuns(zone as TextRun[]) : settleNodes(zone as TreeNode[])));
      at = end;
    }
  }
  return settled;
}

function differs({ status }: Piece): boolean {
  return status === 'inserted' || status === 'deleted';
}

function settleNode(node: TreeNode): TreeNode {
  if (!node.touched) return node;
  const content = settle(node.content);
  const touched = node.status !== 'same' || content.some((piece) => (isText(piece) ? piece.status !== 'same' : piece.touched));
  return { ...node, content, touched };
}

function settleNodes(zone: TreeNode[]): TreeNode[] {
  const gone = zone.filter(({ status }) => status === 'deleted');
  const come = zone.filter(({ status }) => status === 'inserted');
  if (gone.length === 0 || come.length === 0) return zone;
  const partner = new Map<TreeNode, TreeNode>();
  const [before, after] = [gone.map(print), come.map(print)];
  for (const [from, to] of common(before, after)) partner.set(come[to]!, gone[from]!);
  const looks = new Map<TreeNode, TreeNode>();
  // The same words in another kind of block, in order.
  let low = 0;
  for (const node of come) {
    const other = partner.get(node);
    if (other) {
      low = gone.indexOf(other) + 1;
      continue;
    }
    const words = textOf(node.content);
    const taken = new Set([...partner.values(), ...looks.values()]);
    const next = come.slice(come.indexOf(node) + 1).map((later) => partner.get(later)).find((one) => one !== undefined);
    const high = next ? gone.indexOf(next) : gone.length;
    const found = words.trim() ? gone.slice(low, high).find((one) => !taken.has(one) && textOf(one.content) === words) : undefined;
    if (!found) continue;
    looks.set(node, found);
    low = gone.indexOf(found) + 1;
  }
  const shown = new Set([...partner.values(), ...looks.values()]);
  return zone
    .filter((node) => !shown.has(node))
    .map((node) => {
      const [twin, old] = [partner.get(node), looks.get(node)];
      // Who wrote the words wrote them then, not when they were put back.
      if (twin) return { ...(asSame(twin) as TreeNode), key: node.key, replaces: twin.key };
      if (!old) return node;
      const content = node.content.map(asSame);
      return { ...node, status: 'changed' as const, changed: node.written, attrsBefore: old.attrs, typeBefore: old.type, replaces: old.key, content };
    });
}

function asSame(piece: Piece): Piece {
  if (isText(piece)) return { ...piece, status: 'same', removed: undefined };
  return { ...piece, status: 'same', removed: undefined, touched: false, content: piece.content.map(asSame) };
}

/** What a node says, for comparing. */
function print(node: TreeNode): string {
  const line = (piece: Piece): unknown => (isText(piece) ? [piece.text, sorted(piece.attributes)] : [piece.type, sorted(piece.attrs), merged(piece.content).map(line)]);
  return JSON.stringify(line(node));
}

function sorted(attributes: Record<string, unknown>): unknown {
  return Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Joins runs that differ only in who wrote them. */
function merged(pieces: Piece[]): Piece[] {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (last && isText(last) && isText(piece) && equal(last.attributes, piece.attributes)) joined[joined.length - 1] = { ...last, text: last.text + piece.text };
    else joined.push(piece);
  }
  return joined;
}

/** Places of a longest common subsequence. */
function common(before: string[], after: string[]): [number, number][] {
  const pairs: [number, number][] = [];
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) pairs.push([head, head++]);
  let tail = 0;
  const rest = Math.min(before.length, after.length) - head;
  while (tail < rest && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  for (let at = tail; at > 0; at -= 1) pairs.push([before.length - at, after.length - at]);
  const [height, width] = [before.length - head - tail, after.length - head - tail];
  if (height * width > PAIRS_MAX) return pairs;
  const lengths = Array.from({ length: height + 1 }, () => new Uint32Array(width + 1));
  for (let row = height - 1; row >= 0; row -= 1) {
    for (let column = width - 1; column >= 0; column -= 1) {
      lengths[row]![column] =
        before[head + row] === after[head + column]
          ? lengths[row + 1]![column + 1]! + 1
          : Math.max(lengths[row + 1]![column]!, lengths[row]![column + 1]!);
    }
  }
  for (let row = 0, column = 0; row < height && column < width; ) {
    if (before[head + row] === after[head + column]) pairs.push([head + row++, head + column++]);
    else if (lengths[row + 1]![column]! >= lengths[row]![column + 1]!) row += 1;
    else column += 1;
  }
  return pairs;
}

/** Of text, what stands at both ends of the old and of the new words stays as it is. */
function settleRuns(zone: TextRun[]): TextRun[] {
  const gone = zone.filter(({ status }) => status === 'deleted').flatMap(cells);
  const come = zone.filter(({ status }) => status === 'inserted').flatMap(cells);
  const same = (one: TextRun | undefined, other: TextRun | undefined) =>
    one !== undefined && other !== undefined && one.text === other.text && equal(one.attributes, other.attributes);
  let head = 0;
  while (same(gone[head], come[head])) head += 1;
  let tail = 0;
  while (tail < gone.length - head && tail < come.length - head && same(gone.at(-1 - tail), come.at(-1 - tail))) tail += 1;
  if (head + tail === 0) return zone;
  // Who wrote the words wrote them then, not when they were put back.
  const kept = (cells: TextRun[]) => cells.map((cell) => asSame(cell) as TextRun);
  const differ = [...gone.slice(head, gone.length - tail), ...come.slice(head, come.length - tail)];
  return join([...kept(gone.slice(0, head)), ...differ, ...kept(gone.slice(gone.length - tail))]);
}

/** One run for each character. */
function cells(run: TextRun): TextRun[] {
  return Array.from(run.text, (text) => ({ ...run, text }));
}

function join(runs: TextRun[]): TextRun[] {
  const joined: TextRun[] = [];
  for (const run of runs) {
    const last = joined.at(-1);
    // Runs that were cut share what they say about themselves.
    const whole = last && last.status === run.status && last.key === run.key && equal(last.written, run.written) && equal(last.removed, run.removed);
    if (whole && equal(last.attributes, run.attributes)) last.text += run.text;
    else joined.push({ ...run });
  }
  return joined;
}
