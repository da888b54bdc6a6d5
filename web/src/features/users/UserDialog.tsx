import { Button, Group, PasswordInput, Select, Stack, Switch, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../api/client';
import type { UserView } from '../../api/types';
import { errorText } from '../../i18n/errorText';
import i18n from '../../i18n/i18n';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { useCreateUser, useUpdateUser } from './api';

/** Creates a user, or changes the given one. */
export function openUserDialog(user?: UserView): void {
  const id = modals.open({
    title: user ? i18n.t('users.editTitle', { name: user.display_name || user.name }) : i18n.t('users.new'),
    centered: true,
    closeButtonProps: { 'aria-label': i18n.t('common.close') },
    children: <UserForm user={user} onClose={() => modals.close(id)} />,
  });
}

const LEVELS = [0, 1, 2, 3] as const;

function UserForm({ user, onClose }: { user: UserView | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const create = useCreateUser();
  const update = useUpdateUser();
  const [name, setName] = useState(user?.name ?? '');
  const [displayName, setDisplayName] = useState(user?.display_name ?? '');
  const [password, setPassword] = useState('');
  const [isAdmin, setIsAdmin] = useState(user?.is_admin ?? false);
  const [clearance, setClearance] = useState(user?.clearance ?? 1);
  const [disabled, setDisabled] = useState(user?.disabled ?? false);
  const error = create.error ?? update.error;
  const field = error instanceof ApiError ? error.field : undefined;
  const fieldError = (of: string) => (field === of ? errorText(t, error) : undefined);
  const known = ['name', 'display_name', 'password'].includes(field ?? '');

  function handleSubmit(event: FormEvent) {
    event.preventDefault();
    const common = { display_name: displayName.trim() || name.trim(), is_admin: isAdmin, clearance };
    if (user) {
      update.mutate({ id: user.id, ...common, disabled, ...(password ? { password } : {}) }, { onSuccess: onClose });
    } else {
      create.mutate({ ...common, name: name.trim(), password }, { onSuccess: onClose });
    }
  }

  return (
    <form onSubmit={handleSubmit} autoComplete="off">
      <Stack>
        <TextInput
          label={t('users.name')}
          description={user ? undefined : t('users.nameHint')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={fieldError('name')}
          disabled={user !== undefined}
          required
          withAsterisk={false}
          autoCapitalize="none"
          data-autofocus={user ? undefined : true}
        />
        <TextInput
          label={t('users.displayName')}
          value={displayName}
          onChange={(event) => setDisplayName(event.currentTarget.value)}
          error={fieldError('display_name')}
        />
        <PasswordInput
          label={user ? t('users.newPassword') : t('users.password')}
          description={user ? t('users.newPasswordHint') : undefined}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={fieldError('password')}
          required={!user}
          withAsterisk={false}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ 'aria-label': t('session.showPassword') }}
        />
        <Select
          label={t('users.clearance')}
          description={t('users.clearanceHint')}
          data={LEVELS.map((level) => ({ value: String(level), label: t(`common.level.${level}`) }))}
          value={String(clearance)}
          onChange={(value) => value !== null && setClearance(Number(value))}
          allowDeselect={false}
        />
        <Switch
          label={t('users.isAdmin')}
          description={t('users.isAdminHint')}
          checked={isAdmin}
          onChange={(event) => setIsAdmin(event.currentTarget.checked)}
        />
        {user && (
          <Switch
            label={t('users.disabled')}
            description={t('users.disabledHint')}
            checked={disabled}
            onChange={(event) => setDisabled(event.currentTarget.checked)}
          />
        )}
        {error && !known && <ErrorNotice error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={create.isPending || update.isPending}>
            {user ? t('common.save') : t('common.create')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
