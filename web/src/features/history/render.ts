// What does a comparison look like? Every node is drawn by the schema's own `toDOM`, as in the editor; nothing checks whether the
// whole is a valid document, because what was deleted and what was inserted stand side by side in it. Nodes that this client
// does not know are shown as a plain box with their content.
import { DOMSerializer, type DOMOutputSpec, type Node, type Schema } from '@tiptap/pm/model';
import { isText, markName, type Deed, type TextRun, type TreeNode } from './tree';

export interface Palette {
  /** Colour of a person, by place. */
  color: (who: number) => string;
  /** What to call a node that is not known. */
  unknown: (type: string) => string;
  /** What a changed block was. */
  was: (node: TreeNode) => string;
}

/** Draws the blocks of a comparison. */
export function renderBlocks(nodes: TreeNode[], schema: Schema, palette: Palette): HTMLElement[] {
  const painter = new Painter(schema, palette);
  return nodes.map((node) => painter.block(node));
}

class Painter {
  private readonly serializer: DOMSerializer;

  constructor(
    private readonly schema: Schema,
    private readonly palette: Palette,
  ) {
    this.serializer = DOMSerializer.fromSchema(schema);
  }

  block(node: TreeNode): HTMLElement {
    const frame = document.createElement('div');
    frame.dataset.block = node.key;
    frame.dataset.status = node.status;
    if (node.touched) frame.dataset.touched = '';
    if (node.status === 'changed') frame.dataset.was = this.palette.was(node);
    frame.append(this.node(node));
    return frame;
  }

  private node(node: TreeNode): HTMLElement {
    const { dom, contentDOM } = this.shell(node);
    dom.dataset.status = node.status;
    if (node.status !== 'same') this.sign(dom, node);
    // An empty paragraph has a height in the editor, too.
    if (node.content.length === 0 && contentDOM && this.schema.nodes[node.type]?.isTextblock) contentDOM.append(document.createElement('br'));
    contentDOM?.append(...node.content.map((piece) => (isText(piece) ? this.text(piece) : this.node(piece))));
    return dom;
  }

  private shell(node: TreeNode): { dom: HTMLElement; contentDOM?: HTMLElement } {
    const type = this.schema.nodes[node.type];
    const draw = type && this.serializer.nodes[node.type];
    if (type && draw) {
      try {
        const { dom, contentDOM } = DOMSerializer.renderSpec(document, draw(type.create(known(type.spec.attrs, node.attrs), this.columns(node))));
        if (dom instanceof HTMLElement) return type.isLeaf ? { dom } : { dom, contentDOM: contentDOM ?? dom };
      } catch {
        // Attributes that the schema does not take: shown as unknown.
      }
    }
    const dom = document.createElement('div');
    dom.dataset.unknown = '';
    const label = document.createElement('small');
    label.textContent = this.palette.unknown(node.type);
    const contentDOM = document.createElement('div');
    dom.append(label, contentDOM);
    return { dom, contentDOM };
  }

  /** A table draws its columns by its first row; no other node looks at its content. */
  private columns(table: TreeNode): Node[] | undefined {
    const { nodes } = this.schema;
    const row = table.content.find((piece): piece is TreeNode => !isText(piece) && nodes[piece.type]?.spec.tableRole === 'row');
    if (nodes[table.type]?.spec.tableRole !== 'table' || !row) return undefined;
    const cells = row.content.filter((piece): piece is TreeNode => !isText(piece) && piece.status !== 'deleted');
    return [nodes[row.type]!.create(null, cells.flatMap((cell) => nodes[cell.type]?.create(known(nodes[cell.type]!.spec.attrs, cell.attrs)) ?? []))];
  }

  private text(run: TextRun): HTMLElement {
    const outer = document.createElement({ inserted: 'ins', deleted: 'del', changed: 'span', same: 'span' }[run.status]);
    outer.dataset.run = run.status;
    this.sign(outer, run);
    let inner: HTMLElement = outer;
    for (const mark of this.marks(run)) {
      const { dom, contentDOM } = DOMSerializer.renderSpec(document, mark);
      inner.append(dom);
      inner = (contentDOM ?? dom) as HTMLElement;
    }
    inner.append(run.text);
    return outer;
  }

  private marks(run: TextRun): DOMOutputSpec[] {
    const marks: { rank: number; spec: DOMOutputSpec }[] = [];
    for (const [attribute, value] of Object.entries(run.attributes)) {
      const type = this.schema.marks[markName(attribute)];
      const draw = type && this.serializer.marks[type.name];
      if (!type || !draw) continue;
      try {
        const attrs = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
        const rank = Object.keys(this.schema.marks).indexOf(type.name);
        marks.push({ rank, spec: draw(type.create(known(type.spec.attrs, attrs)), true) });
      } catch {
        // Formatting that this client does not know: the words are what counts.
      }
    }
    return marks.sort((one, other) => one.rank - other.rank).map(({ spec }) => spec);
  }

  /** Notes who did it, for colour and for whoever points at it. */
  private sign(dom: HTMLElement, { status, written, removed, changed }: TreeNode | TextRun): void {
    dom.dataset.written = deed(written);
    if (removed) dom.dataset.removed = deed(removed);
    if (changed) dom.dataset.changed = deed(changed);
    const doer = status === 'deleted' ? (removed ?? written) : (changed ?? written);
    if (status !== 'same') dom.style.setProperty('--who', this.palette.color(doer.who));
  }
}

function deed({ who, at }: Deed): string {
  return `${who} ${at}`;
}

/** Reads what `sign` noted. */
export function readDeed(text: string | undefined): Deed | null {
  if (!text) return null;
  const [who = '0', at = '0'] = text.split(' ');
  return { who: Number(who), at: Number(at) };
}

/** Attributes that the schema has. */
function known(spec: Record<string, unknown> | undefined, attrs: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attrs).filter(([name]) => spec && name in spec));
}
