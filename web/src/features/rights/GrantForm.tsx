import { Button, Group, Select, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconUser, IconUsersGroup } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { GrantView, Role } from '../../api/types';
import { ROLES, useGrantees } from './api';
import classes from './RightsDialog.module.css';

interface Props {
  /** Who has a role here already and is not offered again. */
  granted: GrantView[];
  busy: boolean;
  onAdd: (grant: { subject_kind: 'user' | 'group'; subject_id: string; role: Role }) => Promise<unknown>;
}

/** Picks a person or group and a role. */
export function GrantForm({ granted, busy, onAdd }: Props) {
  const { t } = useTranslation();
  const [search, setSearch] = useState('');
  const [q] = useDebouncedValue(search.trim(), 200);
  const [chosen, setChosen] = useState<{ value: string; label: string } | null>(null);
  const [role, setRole] = useState<Role>('reader');
  // Once chosen, the field holds the whole label, which is not what to search for.
  const { users, groups } = useGrantees(chosen?.label === q ? '' : q);
  const taken = new Set(granted.map((grant) => `${grant.subject_kind}:${grant.subject_id}`));

  const people = users
    .filter((user) => !user.disabled)
    .map((user) => ({
      value: `user:${user.id}`,
      label: user.display_name && user.display_name !== user.name ? `${user.display_name} (${user.name})` : user.name,
    }));
  const departments = groups.map((group) => ({ value: `group:${group.id}`, label: group.name }));
  const options = [
    { group: t('rights.people'), items: withChosen(people, chosen, 'user:').filter((item) => !taken.has(item.value)) },
    { group: t('rights.groups'), items: departments.filter((item) => !taken.has(item.value)) },
  ];

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    if (!chosen) return;
    const [kind = '', id = ''] = chosen.value.split(':');
    try {
      await onAdd({ subject_kind: kind as 'user' | 'group', subject_id: id, role });
      setChosen(null);
      setSearch('');
    } catch {
      // The dialog shows the error of the mutation.
    }
  }

  return (
    <form onSubmit={(event) => void handleSubmit(event)} className={classes.form}>
      <Select
        label={t('rights.addWho')}
        placeholder={t('rights.addPlaceholder')}
        searchable
        clearable
        data={options}
        value={chosen?.value ?? null}
        searchValue={search}
        onSearchChange={setSearch}
        onChange={(value, option) => setChosen(value && option ? { value, label: option.label } : null)}
        nothingFoundMessage={t('rights.nobody')}
        renderOption={({ option }) => (
          <Group gap="xs" wrap="nowrap">
            {option.value.startsWith('group:') ? <IconUsersGroup size={16} /> : <IconUser size={16} />}
            <Text size="sm">{option.label}</Text>
          </Group>
        )}
        comboboxProps={{ withinPortal: true }}
      />
      <Select
        label={t('rights.role')}
        data={ROLES.map((value) => ({ value, label: t(`rights.role.${value}`) }))}
        value={role}
        onChange={(value) => value && setRole(value as Role)}
        allowDeselect={false}
        renderOption={({ option }) => (
          <div>
            <Text size="sm" fw={500}>
              {option.label}
            </Text>
            <Text size="xs" c="dimmed">
              {t(`rights.explain.${option.value as Role}`)}
            </Text>
          </div>
        )}
        comboboxProps={{ withinPortal: true, width: 280, position: 'bottom-end' }}
      />
      <Button type="submit" loading={busy} disabled={!chosen}>
        {t('common.add')}
      </Button>
    </form>
  );
}

/** Keeps the chosen one among the options while the list follows another search. */
function withChosen<T extends { value: string; label: string }>(items: T[], chosen: T | null, prefix: string): T[] {
  if (!chosen?.value.startsWith(prefix) || items.some((item) => item.value === chosen.value)) return items;
  return [chosen, ...items];
}
