import { Button, Group, Stack, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { errorText } from '../i18n/errorText';

interface Options {
  title: string;
  label: string;
  initial?: string;
  submit: string;
  /** Rejects with the error to be shown at the field. */
  onSubmit: (name: string) => Promise<unknown>;
}

/** Asks for one name: of a new library, folder or page, or the new name of one. */
export function openNameDialog({ title, ...options }: Options): void {
  const id = modals.open({ title, centered: true, children: <NameForm {...options} onClose={() => modals.close(id)} /> });
}

function NameForm({ label, initial = '', submit, onSubmit, onClose }: Omit<Options, 'title'> & { onClose: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState(initial);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await onSubmit(name.trim());
      onClose();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void handleSubmit(event)}>
      <Stack>
        <TextInput
          label={label}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          onFocus={(event) => selectStem(event.currentTarget)}
          error={error === undefined ? undefined : errorText(t, error)}
          data-autofocus
          required
          withAsterisk={false}
          autoComplete="off"
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={name.trim() === ''}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Selects a file name without its ending, which is rarely what is to be changed. */
function selectStem(input: HTMLInputElement): void {
  const dot = input.value.lastIndexOf('.');
  input.setSelectionRange(0, dot > 0 ? dot : input.value.length);
}
