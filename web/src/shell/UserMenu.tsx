import { Avatar, Box, Menu, Text, UnstyledButton } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconApi, IconCheck, IconDeviceDesktop, IconLanguage, IconLogout, IconSettings } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { useOwnUsage } from '../features/usage/api';
import { UsageBar } from '../features/usage/UsageBar';
import { useCurrentUser, useSignOut } from '../features/session/api';
import { uploads } from '../features/uploads/manager';
import { unsentRooms } from '../offline/kept';
import { UnsentPages } from '../offline/Unsent';
import { LANGUAGES, setLanguage } from '../i18n/i18n';
import { notifyError } from '../shared/notify';

async function openDrive(): Promise<void> {
  (await import('../features/drive/DriveDialog')).openDriveDialog();
}

export function UserMenu() {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const user = useCurrentUser();
  const signOut = useSignOut();
  const [opened, setOpened] = useState(false);
  const usage = useOwnUsage(opened);
  const label = user.display_name || user.name;

  async function handleSignOut() {
    const leave = () => {
      uploads.reset();
      signOut.mutate(user.id, { onSuccess: () => void navigate('/login'), onError: notifyError });
    };
    const unsent = await unsentRooms(user.id);
    if (unsent.length > 0) {
      modals.openConfirmModal({
        title: t('offline.unsent.title'),
        centered: true,
        children: <UnsentPages user={user.id} rooms={unsent} />,
        labels: { confirm: t('offline.unsent.anyway'), cancel: t('common.cancel') },
        confirmProps: { color: 'red' },
        onConfirm: leave,
      });
      return;
    }
    if (!uploads.hasOpen()) return leave();
    modals.openConfirmModal({
      title: t('shell.signOut'),
      centered: true,
      children: <Text size="sm">{t('shell.uploadsStop')}</Text>,
      labels: { confirm: t('shell.signOut'), cancel: t('common.cancel') },
      onConfirm: leave,
    });
  }

  return (
    <Menu position="bottom-end" width={220} withinPortal opened={opened} onChange={setOpened}>
      <Menu.Target>
        <UnstyledButton aria-label={t('shell.userMenu', { name: label })}>
          <Avatar name={label} color="initials" radius="xl" size={34}>
            {Array.from(label)[0]?.toUpperCase()}
          </Avatar>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text fw={600} size="sm" c="var(--mantine-color-text)" truncate>
            {label}
          </Text>
          <Text size="xs" truncate>
            {user.name}
          </Text>
          {usage.data && (
            <Box mt={6}>
              <UsageBar usage={usage.data} label={t('usage.mine')} />
            </Box>
          )}
        </Menu.Label>
        <Menu.Item component={Link} to="/settings" leftSection={<IconSettings size={16} />}>
          {t('shell.settings')}
        </Menu.Item>
        <Menu.Item leftSection={<IconDeviceDesktop size={16} />} onClick={() => void openDrive()}>
          {t('drive.title')}
        </Menu.Item>
        <Menu.Item component="a" href="/api/docs" target="_blank" leftSection={<IconApi size={16} />}>
          {t('shell.apiDocs')}
        </Menu.Item>
        <Menu.Divider />
        {LANGUAGES.map((language) => (
          <Menu.Item
            key={language.value}
            lang={language.value}
            leftSection={<IconLanguage size={16} />}
            rightSection={i18n.language === language.value ? <IconCheck size={16} /> : null}
            onClick={() => setLanguage(language.value)}
          >
            {language.label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconLogout size={16} />}
          onClick={() => void handleSignOut()}
        >
          {t('shell.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
