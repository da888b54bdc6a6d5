import { Select } from '@mantine/core';
import { IconUserCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { UserView } from '../../api/types';

interface Props {
  people: ReadonlyMap<string, UserView>;
  value: string | null;
  onChange: (person: string | null) => void;
}

/** Whom a comment waits for. */
export function AssigneeSelect({ people, value, onChange }: Props) {
  const { t } = useTranslation();
  const data = [...people.values()]
    .filter((one) => !one.disabled || one.id === value)
    .map((one) => ({ value: one.id, label: one.display_name === one.name ? one.name : `${one.display_name} (${one.name})` }));
  return (
    <Select
      size="xs"
      mb={8}
      searchable
      clearable
      limit={50}
      aria-label={t('comments.assign')}
      placeholder={t('comments.assign')}
      leftSection={<IconUserCheck size={16} aria-hidden />}
      data={data}
      value={value}
      onChange={onChange}
    />
  );
}
