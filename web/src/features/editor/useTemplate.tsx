import { Button, Group, Modal, Stack } from '@mantine/core';
import type { Editor } from '@tiptap/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { TemplatePicker } from '../templates/TemplatePicker';
import { isTemplate, templateContent, type TemplateName } from '../templates/templates';

/** Fills an empty page; one that has words keeps them. */
function apply(editor: Editor, name: TemplateName, language: string): void {
  if (!editor.isEmpty) return;
  editor.commands.setContent(templateContent(name, language));
  // The first words of a page are seen first.
  requestAnimationFrame(() => {
    if (editor.isDestroyed) return;
    editor.commands.focus('start', { scrollIntoView: false });
    window.scrollTo(0, 0);
  });
}

/** Begins a new page with the template that the address names. */
export function useTemplateOfAddress(editor: Editor | null, ready: boolean): void {
  const { i18n } = useTranslation();
  const [params, setParams] = useSearchParams();
  const wanted = params.get('template');
  useEffect(() => {
    if (!wanted || !editor || !ready || !editor.isEditable) return;
    if (isTemplate(wanted)) apply(editor, wanted, i18n.language);
    setParams(
      (before) => {
        before.delete('template');
        return before;
      },
      { replace: true },
    );
  }, [wanted, editor, ready, i18n, setParams]);
}

/** Chooses a template for a page that is still empty. */
export function TemplateDialog({ editor, opened, onClose }: { editor: Editor; opened: boolean; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const [name, setName] = useState<TemplateName>('minutes');
  return (
    <Modal opened={opened} onClose={onClose} title={t('templates.title')} size="lg" centered closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack>
        <TemplatePicker value={name} onChange={setName} blank={false} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button
            onClick={() => {
              onClose();
              apply(editor, name, i18n.language);
            }}
          >
            {t('templates.apply')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
