import { ActionIcon, Text, UnstyledButton } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useEditorState, type Editor } from '@tiptap/react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { headings, type Heading } from './headings';
import classes from './Outline.module.css';

function sameHeadings(a: Heading[], b: Heading[] | null): boolean {
  return (
    b !== null &&
    a.length === b.length &&
    a.every((one, index) => one.pos === b[index]!.pos && one.text === b[index]!.text && one.level === b[index]!.level)
  );
}

function element(editor: Editor, pos: number): HTMLElement | null {
  if (editor.isDestroyed || pos > editor.state.doc.content.size) return null;
  const node = editor.view.nodeDOM(pos);
  return node instanceof HTMLElement ? node : null;
}

/** Height of what sticks above the text. */
function coveredHeight(editor: Editor): number {
  const head = editor.view.dom.closest('[data-editor-page]')?.querySelector('[data-editor-head]');
  return head?.getBoundingClientRect().bottom ?? 0;
}

/** The heading under which the reader is: the last one that has scrolled to the top. */
function useCurrentHeading(editor: Editor, list: Heading[]): number {
  const [current, setCurrent] = useState(-1);
  useEffect(() => {
    let frame = 0;
    const update = () => {
      frame = 0;
      const top = coveredHeight(editor) + 24;
      const at = list.findLastIndex(({ pos }) => (element(editor, pos)?.getBoundingClientRect().top ?? Infinity) <= top);
      setCurrent(Math.max(at, list.length > 0 ? 0 : -1));
    };
    const schedule = () => {
      frame ||= requestAnimationFrame(update);
    };
    schedule();
    window.addEventListener('scroll', schedule, { passive: true });
    window.addEventListener('resize', schedule);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener('scroll', schedule);
      window.removeEventListener('resize', schedule);
    };
  }, [editor, list]);
  return current;
}

/** The headings of the page: a click goes there. */
export function Outline({ editor, onGo }: { editor: Editor; onGo?: () => void }) {
  const { t } = useTranslation();
  const list = useEditorState({ editor, selector: ({ editor }) => headings(editor.state.doc), equalityFn: sameHeadings });
  const current = useCurrentHeading(editor, list);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());

  if (list.length === 0) return <Text c="dimmed" size="sm">{t('editor.outlineEmpty')}</Text>;

  const handleGo = ({ pos }: Heading) => {
    // A drawer first gives the focus back, which scrolls to where the cursor was.
    onGo?.();
    setTimeout(
      () => {
        const heading = element(editor, pos);
        if (!heading) return;
        window.scrollTo({ top: window.scrollY + heading.getBoundingClientRect().top - coveredHeight(editor) - 12, behavior: 'smooth' });
        if (editor.isEditable && !onGo) editor.chain().setTextSelection(pos + 1).focus(undefined, { scrollIntoView: false }).run();
      },
      onGo ? 250 : 0,
    );
  };

  const top = Math.min(...list.map(({ level }) => level));
  const key = ({ level, text }: Heading) => `${level} ${text}`;
  const hidden = (index: number) => list.some((above, at) => at < index && index <= at + above.below && closed.has(key(above)));
  return (
    <nav aria-label={t('editor.outline')}>
      <ul className={classes.list}>
        {list.map((heading, index) => {
          if (hidden(index)) return null;
          const folded = heading.below > 0 && closed.has(key(heading));
          const toggle = () => {
            const next = new Set(closed);
            if (!next.delete(key(heading))) next.add(key(heading));
            setClosed(next);
          };
          return (
            <li key={index} className={classes.row} style={{ paddingInlineStart: 14 * (heading.level - top) }} data-current={index === current || undefined}>
              {heading.below > 0 ? (
                <ActionIcon
                  size={22}
                  variant="transparent"
                  color="gray"
                  aria-expanded={!folded}
                  aria-label={t(folded ? 'editor.outlineUnfold' : 'editor.outlineFold', { text: heading.text })}
                  onClick={toggle}
                >
                  {folded ? <IconChevronRight size={14} /> : <IconChevronDown size={14} />}
                </ActionIcon>
              ) : (
                <span className={classes.gap} />
              )}
              <UnstyledButton className={classes.heading} aria-current={index === current ? 'location' : undefined} onClick={() => handleGo(heading)}>
                {heading.text}
              </UnstyledButton>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
