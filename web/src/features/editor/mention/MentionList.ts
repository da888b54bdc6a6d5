// The list of people under the @: drawn beside the editor, which keeps the focus and hands over the keys.
import type { SuggestionProps } from '@tiptap/suggestion';
import type { Colleague } from './api';
import classes from './mention.module.css';

type Props = SuggestionProps<Colleague, Colleague>;

let lists = 0;

export class MentionList {
  private readonly root = document.createElement('div');
  private readonly prefix = `mention-${(lists += 1)}`;
  private props: Props | undefined;
  private chosen = 0;
  private unmount: (() => void) | undefined;

  constructor(private readonly texts: { label: string; nobody: string }) {
    this.root.className = classes.list ?? '';
    this.root.setAttribute('role', 'listbox');
    this.root.setAttribute('aria-label', texts.label);
    // A click must not take the focus out of the text.
    this.root.addEventListener('mousedown', (event) => event.preventDefault());
  }

  show(props: Props): void {
    if (props.items !== this.props?.items) this.chosen = 0;
    this.props = props;
    // While the first answer is on its way there is nothing to say.
    this.root.hidden = props.loading && props.items.length === 0;
    this.draw();
    this.unmount ??= props.mount(this.root);
  }

  destroy(): void {
    this.unmount?.();
    this.root.remove();
    this.props?.editor.view.dom.removeAttribute('aria-activedescendant');
  }

  /** Whether the key was meant for the list. */
  handleKey(event: KeyboardEvent): boolean {
    const count = this.props?.items.length ?? 0;
    // In an input method the arrows and Enter choose the word that is being written.
    if (count === 0 || event.isComposing) return false;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      this.chosen = (this.chosen + (event.key === 'ArrowDown' ? 1 : count - 1)) % count;
      this.draw();
      return true;
    }
    if (event.key === 'Enter' || event.key === 'Tab') {
      this.choose(this.chosen);
      return true;
    }
    return false;
  }

  private choose(index: number): void {
    const colleague = this.props?.items[index];
    if (colleague) this.props?.command(colleague);
  }

  private draw(): void {
    const { items, editor } = this.props!;
    this.root.replaceChildren(...(items.length === 0 ? [this.nobody()] : items.map((colleague, index) => this.option(colleague, index))));
    const active = this.root.children[this.chosen];
    active?.scrollIntoView({ block: 'nearest' });
    if (items.length > 0) editor.view.dom.setAttribute('aria-activedescendant', `${this.prefix}-${this.chosen}`);
  }

  private nobody(): HTMLElement {
    const row = document.createElement('div');
    row.className = classes.nobody ?? '';
    row.textContent = this.texts.nobody;
    return row;
  }

  private option(colleague: Colleague, index: number): HTMLElement {
    const row = document.createElement('div');
    row.id = `${this.prefix}-${index}`;
    row.className = classes.option ?? '';
    row.setAttribute('role', 'option');
    row.setAttribute('aria-selected', String(index === this.chosen));
    const name = document.createElement('span');
    name.textContent = colleague.display_name;
    row.append(name);
    if (colleague.name !== colleague.display_name) {
      const account = document.createElement('span');
      account.className = classes.account ?? '';
      account.textContent = colleague.name;
      row.append(account);
    }
    row.addEventListener('click', () => this.choose(index));
    return row;
  }
}
