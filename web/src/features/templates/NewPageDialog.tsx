import { Button, Group, Stack, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { errorText } from '../../i18n/errorText';
import { TemplatePicker } from './TemplatePicker';
import type { TemplateName } from './templates';

interface Options {
  title: string;
  /** Rejects with the error to be shown at the name. */
  onSubmit: (name: string, template: TemplateName) => Promise<unknown>;
}

/** Asks for the name of a new page and what it begins with. */
export function openNewPageDialog({ title, onSubmit }: Options): void {
  const id = modals.open({ title, centered: true, size: 'lg', children: <NewPageForm onSubmit={onSubmit} onClose={() => modals.close(id)} /> });
}

function NewPageForm({ onSubmit, onClose }: Omit<Options, 'title'> & { onClose: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const [template, setTemplate] = useState<TemplateName>('blank');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  const handleSubmit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await onSubmit(name.trim(), template);
      onClose();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };

  return (
    <form onSubmit={(event) => void handleSubmit(event)}>
      <Stack>
        <TextInput
          label={t('folders.pageName')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={error === undefined ? undefined : errorText(t, error)}
          data-autofocus
          required
          withAsterisk={false}
          autoComplete="off"
        />
        <TemplatePicker value={template} onChange={setTemplate} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={name.trim() === ''}>
            {t('common.create')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
