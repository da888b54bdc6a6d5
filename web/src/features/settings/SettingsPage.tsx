import { Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { PageHeader } from '../../shared/PageHeader';
import { useTitle } from '../../shared/useTitle';
import { LanguageSwitch } from '../../shell/LanguageSwitch';
import { openDriveDialog } from '../drive/DriveDialog';
import { useCurrentUser } from '../session/api';
import { PasswordForm } from './PasswordForm';
import { TokenList } from './TokenList';

export function SettingsPage() {
  const { t } = useTranslation();
  const user = useCurrentUser();
  useTitle(t('shell.settings'));
  return (
    <>
      <PageHeader title={t('shell.settings')} />
      <Stack px="md" pb={96} maw={760} gap="md">
        <Section title={t('settings.account')}>
          <Group gap="xl">
            <Fact label={t('session.name')} value={user.name} />
            <Fact label={t('users.displayName')} value={user.display_name || user.name} />
            <Fact label={t('users.clearance')} value={t(`common.level.${user.clearance}` as 'common.level.1')} />
          </Group>
        </Section>
        <Section title={t('shell.language')}>
          <LanguageSwitch />
        </Section>
        <Section title={t('settings.password')}>
          <PasswordForm />
        </Section>
        <Section title={t('drive.title')} text={t('drive.text')}>
          <Button variant="default" onClick={openDriveDialog}>
            {t('drive.connect')}
          </Button>
        </Section>
        <Section title={t('settings.tokens')} text={t('settings.tokensText')}>
          <TokenList />
        </Section>
      </Stack>
    </>
  );
}

function Section({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  return (
    <Card component="section" withBorder radius="lg" padding="lg" aria-label={title}>
      <Title order={2} size="h5" mb={text ? 2 : 'sm'}>
        {title}
      </Title>
      {text && (
        <Text size="sm" c="dimmed" mb="sm">
          {text}
        </Text>
      )}
      {children}
    </Card>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text size="sm">{value}</Text>
    </div>
  );
}
