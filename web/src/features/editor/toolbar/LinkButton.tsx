import { Button, Group, Popover, Stack, TextInput } from '@mantine/core';
import { IconLink } from '@tabler/icons-react';
import { useEditorState, type Editor } from '@tiptap/react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { keys, ToolbarButton } from './controls';
import { linkTarget } from './linkTarget';

/** Event on the editor's element that opens the field for a link's address. */
export const EDIT_LINK = 'wenshu:edit-link';

export function LinkButton({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const [href, setHref] = useState('');
  const [words, setWords] = useState('');
  const [bare, setBare] = useState(false);
  const active = useEditorState({ editor, selector: ({ editor }) => editor.isActive('link') });

  useEffect(() => {
    const open = () => {
      setHref(String(editor.getAttributes('link').href ?? ''));
      setBare(editor.state.selection.empty && !editor.isActive('link'));
      setWords('');
      setOpened(true);
    };
    const { dom } = editor.view;
    const handleKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      event.preventDefault();
      open();
    };
    dom.addEventListener(EDIT_LINK, open);
    dom.addEventListener('keydown', handleKey);
    return () => {
      dom.removeEventListener(EDIT_LINK, open);
      dom.removeEventListener('keydown', handleKey);
    };
  }, [editor]);

  const handleApply = () => {
    const address = href.trim();
    const chain = editor.chain().focus().extendMarkRange('link');
    if (!address) chain.unsetLink().run();
    else {
      const target = linkTarget(address);
      if (bare) chain.insertContent({ type: 'text', text: words.trim() || address, marks: [{ type: 'link', attrs: { href: target } }] }).run();
      else chain.setLink({ href: target }).run();
    }
    setOpened(false);
  };

  return (
    <Popover opened={opened} onChange={setOpened} trapFocus withArrow shadow="md">
      <Popover.Target>
        <span>
          <ToolbarButton
            label={t('editor.link')}
            shortcut={keys('Mod', 'K')}
            icon={<IconLink size={18} />}
            active={active}
            onClick={() => (opened ? setOpened(false) : editor.view.dom.dispatchEvent(new Event(EDIT_LINK)))}
          />
        </span>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            handleApply();
          }}
        >
          <Stack gap="xs" w={300}>
            <TextInput label={t('editor.linkAddress')} value={href} onChange={(event) => setHref(event.currentTarget.value)} placeholder="https://" data-autofocus />
            {bare && <TextInput label={t('editor.linkWords')} value={words} onChange={(event) => setWords(event.currentTarget.value)} />}
            <Group justify="end">
              <Button type="submit" size="xs">{t('common.confirm')}</Button>
            </Group>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
