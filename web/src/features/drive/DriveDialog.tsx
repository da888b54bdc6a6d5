// How does somebody open the libraries in the file manager? The address of the drive, and the steps for each system.
import { Alert, Button, Code, CopyButton, Group, List, Stack, Tabs, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconAlertTriangle, IconBrandApple, IconBrandWindows, IconDeviceDesktop, IconKey } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import i18n from '../../i18n/i18n';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { useCurrentUser } from '../session/api';
import { useCreateToken } from '../settings/api';

/** Where the drive is. */
export const driveAddress = (): string => `${window.location.origin}/dav`;

/** The same as file managers of Linux write it. */
const davAddress = (): string => driveAddress().replace(/^http/, 'dav');

function usualSystem(): string {
  const { userAgent } = navigator;
  if (userAgent.includes('Windows')) return 'windows';
  return userAgent.includes('Mac OS') ? 'mac' : 'linux';
}

export function openDriveDialog(): void {
  modals.open({ title: i18n.t('drive.title'), size: 'lg', centered: true, children: <DriveDialog /> });
}

export function DriveDialog() {
  const { t } = useTranslation();
  const user = useCurrentUser();
  const create = useCreateToken();
  const secure = window.location.protocol === 'https:' || window.location.hostname === 'localhost';
  return (
    <Stack gap="sm">
      <Text size="sm">{t('drive.text')}</Text>
      {!secure && (
        <Alert color="orange" icon={<IconAlertTriangle />}>
          {t('drive.insecure')}
        </Alert>
      )}
      <Fact label={t('drive.address')} value={driveAddress()} />
      <Fact label={t('drive.user')} value={user.name} />
      <div>
        <Text size="sm" fw={600}>
          {t('drive.password')}
        </Text>
        <Text size="sm" c="dimmed" mb={6}>
          {t('drive.passwordText')}
        </Text>
        {create.data?.token ? (
          <Alert color="teal" icon={<IconKey />} title={t('settings.tokenMade')}>
            <Copied value={create.data.token} />
          </Alert>
        ) : (
          <Button size="xs" variant="default" leftSection={<IconKey size={16} />} loading={create.isPending} onClick={() => create.mutate({ name: t('drive.tokenName') })}>
            {t('drive.makeToken')}
          </Button>
        )}
        {create.error && <ErrorNotice error={create.error} />}
      </div>
      <Tabs defaultValue={usualSystem()} variant="outline" keepMounted={false}>
        <Tabs.List aria-label={t('drive.system')}>
          <Tabs.Tab value="windows" leftSection={<IconBrandWindows size={16} />}>
            {t('drive.windows')}
          </Tabs.Tab>
          <Tabs.Tab value="mac" leftSection={<IconBrandApple size={16} />}>
            {t('drive.mac')}
          </Tabs.Tab>
          <Tabs.Tab value="linux" leftSection={<IconDeviceDesktop size={16} />}>
            {t('drive.linux')}
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="windows" pt="sm">
          <Steps steps={[t('drive.windows.1'), t('drive.windows.2'), t('drive.windows.3')]} />
          <Text size="sm" c="dimmed" mt="xs">
            {t('drive.windows.size')}
          </Text>
        </Tabs.Panel>
        <Tabs.Panel value="mac" pt="sm">
          <Steps steps={[t('drive.mac.1'), t('drive.mac.2'), t('drive.mac.3')]} />
        </Tabs.Panel>
        <Tabs.Panel value="linux" pt="sm">
          <Stack gap={6}>
            <Text size="sm">{t('drive.linux.1')}</Text>
            <Copied value={davAddress()} />
            <Text size="sm">{t('drive.linux.2')}</Text>
          </Stack>
        </Tabs.Panel>
      </Tabs>
      <Text size="sm" c="dimmed">
        {t('drive.notes')}
      </Text>
    </Stack>
  );
}

function Steps({ steps }: { steps: ReactNode[] }) {
  return (
    <List type="ordered" size="sm" spacing={4}>
      {steps.map((step, index) => (
        <List.Item key={index}>{step}</List.Item>
      ))}
    </List>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <Text size="sm" fw={600}>
        {label}
      </Text>
      <Copied value={value} />
    </div>
  );
}

function Copied({ value }: { value: string }) {
  const { t } = useTranslation();
  return (
    <Group gap="xs">
      <Code fz="sm" style={{ overflowWrap: 'anywhere' }}>
        {value}
      </Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Button size="compact-sm" variant="light" onClick={copy}>
            {copied ? t('common.copied') : t('common.copy')}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
