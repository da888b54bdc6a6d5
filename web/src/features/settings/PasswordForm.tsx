import { Button, PasswordInput, Stack } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { errorText } from '../../i18n/errorText';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { notifyDone } from '../../shared/notify';
import { useChangePassword } from './api';

export function PasswordForm() {
  const { t } = useTranslation();
  const change = useChangePassword();
  const [oldPassword, setOldPassword] = useState('');
  const [newPassword, setNewPassword] = useState('');
  const [again, setAgain] = useState('');
  const differs = again !== '' && again !== newPassword;
  const error = change.error;
  const wrongOld = error !== null && 'code' in error && error.code === 'wrong_password';
  const toggle = { 'aria-label': t('session.showPassword') };

  function handleSubmit(event: FormEvent) {
    event.preventDefault();
    if (again !== newPassword) return;
    change.mutate(
      { old_password: oldPassword, new_password: newPassword },
      {
        onSuccess: () => {
          setOldPassword('');
          setNewPassword('');
          setAgain('');
          notifyDone(t('settings.passwordChanged'));
        },
      },
    );
  }

  return (
    <form onSubmit={handleSubmit} aria-label={t('settings.password')}>
      <Stack maw={360}>
        <PasswordInput
          label={t('settings.oldPassword')}
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={oldPassword}
          onChange={(event) => setOldPassword(event.currentTarget.value)}
          error={wrongOld ? t('settings.oldPasswordWrong') : undefined}
          visibilityToggleButtonProps={toggle}
        />
        <PasswordInput
          label={t('settings.newPassword')}
          autoComplete="new-password"
          required
          withAsterisk={false}
          value={newPassword}
          onChange={(event) => setNewPassword(event.currentTarget.value)}
          error={error && 'field' in error && error.field === 'new_password' ? errorText(t, error) : undefined}
          visibilityToggleButtonProps={toggle}
        />
        <PasswordInput
          label={t('settings.repeatPassword')}
          autoComplete="new-password"
          required
          withAsterisk={false}
          value={again}
          onChange={(event) => setAgain(event.currentTarget.value)}
          error={differs ? t('settings.passwordsDiffer') : undefined}
          visibilityToggleButtonProps={toggle}
        />
        {error && !wrongOld && !('field' in error && error.field === 'new_password') && <ErrorNotice error={error} />}
        <div>
          <Button type="submit" loading={change.isPending} disabled={differs}>
            {t('settings.changePassword')}
          </Button>
        </div>
      </Stack>
    </form>
  );
}
