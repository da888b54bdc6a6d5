import { Button, PasswordInput, Stack, Text } from '@mantine/core';
import { IconLockOpen } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { errorText } from '../../i18n/errorText';
import { useUnlock } from './api';

/** Asks for the password of a protected file. It is sent once and kept neither here nor on the server. */
export function PasswordForm({ documentId }: { documentId: string }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState('');
  const unlock = useUnlock(documentId);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        unlock.mutate(password, { onError: () => setPassword('') });
      }}
    >
      <Stack gap="xs" mt="sm" align="flex-start">
        <PasswordInput
          label={t('viewer.password')}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={unlock.error ? errorText(t, unlock.error) : undefined}
          disabled={unlock.isPending}
          autoComplete="off"
          w="100%"
          miw={260}
        />
        <Text size="xs">
          {t('viewer.passwordHint')}
        </Text>
        <Button type="submit" size="xs" disabled={password === ''} loading={unlock.isPending} leftSection={<IconLockOpen size={16} />}>
          {t('viewer.unlock')}
        </Button>
      </Stack>
    </form>
  );
}
