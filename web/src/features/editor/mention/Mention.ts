// A colleague's name in the text: typing @ offers people, the page keeps who is meant and how they were called.
import { mergeAttributes, Node } from '@tiptap/core';
import { PluginKey } from '@tiptap/pm/state';
import { Suggestion } from '@tiptap/suggestion';
import type { Colleague } from './api';
import { MentionList } from './MentionList';

export interface MentionOptions {
  find: (q: string, signal: AbortSignal) => Promise<Colleague[]>;
  /** Words of the list, in the language of the reader. */
  texts: { label: string; nobody: string };
}

export const mentionKey = new PluginKey('mention');

export const Mention = Node.create<MentionOptions>({
  name: 'mention',
  group: 'inline',
  inline: true,
  atom: true,
  selectable: true,
  draggable: true,

  addOptions() {
    return { find: () => Promise.resolve([]), texts: { label: '', nobody: '' } };
  },

  addAttributes() {
    return {
      id: {
        default: null,
        parseHTML: (element) => element.getAttribute('data-id'),
        renderHTML: ({ id }) => (id ? { 'data-id': id as string } : {}),
      },
      label: {
        default: null,
        parseHTML: (element) => element.getAttribute('data-label') ?? element.textContent?.replace(/^@/, '') ?? null,
        renderHTML: ({ label }) => (label ? { 'data-label': label as string } : {}),
      },
    };
  },

  parseHTML() {
    return [{ tag: 'span[data-type="mention"]' }];
  },

  renderHTML({ node, HTMLAttributes }) {
    return ['span', mergeAttributes({ 'data-type': 'mention' }, HTMLAttributes), `@${node.attrs.label ?? ''}`];
  },

  renderText({ node }) {
    return `@${node.attrs.label ?? ''}`;
  },

  addProseMirrorPlugins() {
    const { find, texts } = this.options;
    return [
      Suggestion<Colleague, Colleague>({
        editor: this.editor,
        pluginKey: mentionKey,
        char: '@',
        // Chinese has no spaces: @ may follow any character, only not the first half of a mail address.
        allowedPrefixes: null,
        allow: ({ state, range }) => {
          const $at = state.doc.resolve(range.from);
          const before = $at.parent.textBetween(Math.max(0, $at.parentOffset - 1), $at.parentOffset);
          return !$at.parent.type.spec.code && !/[\w.+-]/.test(before);
        },
        // The name is what stands directly behind the sign.
        minQueryLength: 0,
        items: async ({ query, signal }) => {
          if (query.length > 32) return [];
          try {
            return await find(query, signal);
          } catch {
            return []; // Without the server nobody can be looked up; what was typed stays text.
          }
        },
        command: ({ editor, range, props }) => {
          const behind = editor.state.doc.textBetween(range.to, Math.min(range.to + 1, editor.state.doc.content.size));
          editor
            .chain()
            .focus()
            .insertContentAt({ from: range.from, to: range.to }, [
              { type: this.name, attrs: { id: props.id, label: props.display_name } },
              ...(behind.startsWith(' ') ? [] : [{ type: 'text', text: ' ' }]),
            ])
            .run();
        },
        render: () => {
          let list: MentionList | undefined;
          const close = () => {
            list?.destroy();
            list = undefined;
          };
          return {
            onStart: (props) => {
              list = new MentionList(texts);
              list.show(props);
            },
            onUpdate: (props) => list?.show(props),
            onKeyDown: ({ event }) => {
              if (event.key !== 'Escape') return list?.handleKey(event) ?? false;
              close();
              return false;
            },
            onExit: close,
          };
        },
      }),
    ];
  },
});
