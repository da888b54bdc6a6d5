import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { DocumentView } from '../../api/types';
import { notifyError } from '../../shared/notify';
import { useUpdateDocument } from '../documents/api';

/** The page's name, renamed in place. */
export function Title({ document }: { document: DocumentView }) {
  const { t } = useTranslation();
  const [name, setName] = useState(document.name);
  const update = useUpdateDocument();
  const handleRename = () => {
    const wanted = name.trim();
    if (wanted === document.name) return;
    update.mutate(
      { id: document.id, name: wanted },
      {
        onError: (error) => {
          setName(document.name);
          notifyError(error);
        },
      },
    );
  };
  return (
    <TextInput
      variant="unstyled"
      size="lg"
      aria-label={t('editor.title')}
      value={name}
      readOnly={!document.abilities.includes('rename')}
      onChange={(event) => setName(event.currentTarget.value)}
      onBlur={handleRename}
      onKeyDown={(event) => event.key === 'Enter' && !event.nativeEvent.isComposing && event.currentTarget.blur()}
      styles={{ root: { flex: 1, minWidth: 120 }, input: { fontWeight: 600, textOverflow: 'ellipsis' } }}
    />
  );
}
