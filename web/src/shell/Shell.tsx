import { ActionIcon, AppShell, Box, Burger, Group, Image, Text, UnstyledButton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { ModalsProvider } from '@mantine/modals';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Outlet, useLocation } from 'react-router';
import { useCurrentUser } from '../features/session/api';
import { uploads } from '../features/uploads/manager';
import { UploadPanel } from '../features/uploads/UploadPanel';
import { Navigation } from './Navigation';
import { SearchBox } from './SearchBox';
import classes from './Shell.module.css';
import { UserMenu } from './UserMenu';

export const HEADER_HEIGHT = 56;

/** A file dropped beside a place for files would make the browser leave the application and open it. */
function refuseStrayDrops(): () => void {
  const refuse = (event: DragEvent) => {
    const editable = event.target instanceof HTMLElement && event.target.isContentEditable;
    if (event.defaultPrevented || editable || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'none';
  };
  window.addEventListener('dragover', refuse);
  window.addEventListener('drop', refuse);
  return () => {
    window.removeEventListener('dragover', refuse);
    window.removeEventListener('drop', refuse);
  };
}

/** The frame around every page: top bar, library tree, content. */
export function Shell() {
  const { t } = useTranslation();
  const location = useLocation();
  const phone = useMediaQuery('(max-width: 48em)') ?? false;
  // What is open over the page belongs to one visit: going elsewhere closes it.
  const [open, setOpen] = useState<{ what: 'drawer' | 'search'; visit: string }>();
  if (open && open.visit !== location.key) setOpen(undefined); // also when the reader comes back to that visit later
  const shown = open?.visit === location.key ? open.what : undefined;
  const drawer = shown === 'drawer';
  const close = () => setOpen(undefined);
  const show = (what: 'drawer' | 'search') => setOpen({ what, visit: location.key });

  const user = useCurrentUser();
  useEffect(() => uploads.belongTo(user.id), [user.id]);
  useEffect(refuseStrayDrops, []);

  return (
    // Inside the router, so that dialogs can use links.
    <ModalsProvider labels={{ confirm: t('common.confirm'), cancel: t('common.cancel') }}>
      <AppShell
        header={{ height: HEADER_HEIGHT }}
        navbar={{ width: 264, breakpoint: 'sm', collapsed: { mobile: !drawer } }}
        padding={0}
      >
        <a className="skip-link" href="#content">
          {t('shell.skipToContent')}
        </a>
        <AppShell.Header className={classes.header}>
          {phone && shown === 'search' ? (
            <Box flex={1} px="sm">
              <SearchBox autoFocus onClose={close} />
            </Box>
          ) : (
            <>
              <Group gap="sm" wrap="nowrap" className={classes.brand}>
                <Burger
                  opened={drawer}
                  onClick={() => (drawer ? close() : show('drawer'))}
                  hiddenFrom="sm"
                  size="sm"
                  aria-label={drawer ? t('shell.closeNavigation') : t('shell.openNavigation')}
                  aria-expanded={drawer}
                />
                <UnstyledButton component={Link} to="/" className={classes.home}>
                  <Image src="/favicon.svg" alt="" w={28} h={28} />
                  <Text fw={700} size="lg" component="span">
                    文枢
                  </Text>
                  <Text c="dimmed" size="sm" component="span" visibleFrom="xs">
                    Wenshu
                  </Text>
                </UnstyledButton>
              </Group>
              <Box className={classes.search} visibleFrom="sm">
                {!phone && <SearchBox />}
              </Box>
              <Group gap="xs" wrap="nowrap" pr="md">
                <ActionIcon
                  hiddenFrom="sm"
                  variant="subtle"
                  color="gray"
                  size="lg"
                  aria-label={t('shell.openSearch')}
                  onClick={() => show('search')}
                >
                  <IconSearch size={20} />
                </ActionIcon>
                <UserMenu />
              </Group>
            </>
          )}
        </AppShell.Header>
        <AppShell.Navbar className={classes.navbar} aria-label={t('shell.navigation')}>
          {/* Closed, it is only moved out of sight, and must not be met by keyboard or screen reader. */}
          {(!phone || drawer) && <Navigation />}
        </AppShell.Navbar>
        {drawer && phone && <Box className={classes.shade} onClick={close} aria-hidden />}
        <AppShell.Main id="content" tabIndex={-1} className={classes.main}>
          <Outlet />
        </AppShell.Main>
        <UploadPanel />
      </AppShell>
    </ModalsProvider>
  );
}
