import { Alert, Box, Button, Card, Group, Image, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, useSearchParams } from 'react-router';
import { errorText } from '../../i18n/errorText';
import { LanguageSwitch } from '../../shell/LanguageSwitch';
import { useTitle } from '../../shared/useTitle';
import { useSession, useSignIn } from './api';

/** Accepts only paths of this application: an outside address in `next` must not be followed. */
export function safeTarget(next: string | null): string {
  return next && next.startsWith('/') && !next.startsWith('//') && !next.includes('\\') ? next : '/';
}

export function SignInPage() {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const session = useSession();
  const signIn = useSignIn();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  useTitle(t('session.title'));

  if (session.data) return <Navigate to={safeTarget(params.get('next'))} replace />;

  function handleSubmit(event: FormEvent) {
    event.preventDefault();
    signIn.mutate({ name: name.trim(), password });
  }

  return (
    <Box component="main" mih="100vh" bg="var(--mantine-color-default-hover)" p="md" style={{ display: 'grid', placeItems: 'center' }}>
      <Stack w="100%" maw={400} gap="lg">
        <Stack gap={6} align="center">
          <Image src="/favicon.svg" alt="" w={56} h={56} />
          <Title order={1} size="h2">
            文枢 Wenshu
          </Title>
          <Text c="dimmed" size="sm" ta="center">
            {t('session.subtitle')}
          </Text>
        </Stack>
        <Card withBorder padding="xl" radius="lg" shadow="sm">
          <form onSubmit={handleSubmit} aria-label={t('session.title')}>
            <Stack>
              <TextInput
                label={t('session.name')}
                name="username"
                autoComplete="username"
                autoCapitalize="none"
                autoFocus
                required
                withAsterisk={false}
                size="md"
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
              />
              <PasswordInput
                label={t('session.password')}
                name="password"
                autoComplete="current-password"
                required
                withAsterisk={false}
                size="md"
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
                visibilityToggleButtonProps={{ 'aria-label': t('session.showPassword') }}
              />
              {signIn.error && (
                <Alert color="red" variant="light" role="alert">
                  {errorText(t, signIn.error)}
                </Alert>
              )}
              <Button type="submit" size="md" loading={signIn.isPending} fullWidth>
                {t('session.submit')}
              </Button>
            </Stack>
          </form>
        </Card>
        <Group justify="center">
          <LanguageSwitch />
        </Group>
      </Stack>
    </Box>
  );
}
