import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconDownload } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { DocumentView } from '../api/types';
import { removeCopy } from './copies';
import { keptSession, keptView, unsentRooms } from './kept';

/** The document that a room belongs to: notes have a room of their own. */
const documentOf = (room: string) => room.split('.')[0]!;

async function nameOf(user: string, room: string): Promise<string | undefined> {
  return (await keptView<DocumentView>(user, `document ${documentOf(room)}`))?.name;
}

/** One page with work that was not sent, and a way to take it along. */
function UnsentPage({ user, room }: { user: string; room: string }) {
  const { t } = useTranslation();
  const [name, setName] = useState<string>();
  useEffect(() => void nameOf(user, room).then(setName), [user, room]);
  const shown = name ?? t('offline.unsent.untitled');
  const handleDownload = async () => {
    // Loaded when needed: the sign-out menu is everywhere, Yjs is not.
    const [{ readCopy }, { downloadPage }] = await Promise.all([import('../features/editor/localCopy'), import('../features/editor/bodyTree')]);
    const copy = await readCopy(user, room);
    if (copy) downloadPage(shown, copy.doc);
  };
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text size="sm" fw={500} truncate>
        {shown}
      </Text>
      <Button size="xs" variant="light" leftSection={<IconDownload size={14} />} onClick={() => void handleDownload()}>
        {t('editor.rescue.download')}
      </Button>
    </Group>
  );
}

/** What would be lost by signing out. */
export function UnsentPages({ user, rooms }: { user: string; rooms: string[] }) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      <Text size="sm">{t('offline.unsent.signOut')}</Text>
      {rooms.map((room) => (
        <UnsentPage key={room} user={user} room={room} />
      ))}
    </Stack>
  );
}

/** Beside a document that cannot be opened any more: work on it that was not sent. */
export function UnsentNotice({ documentId }: { documentId: string }) {
  const { t } = useTranslation();
  const [rooms, setRooms] = useState<string[]>([]);
  const user = keptSession()?.id;
  useEffect(() => {
    if (!user) return;
    void unsentRooms(user).then((all) => setRooms(all.filter((room) => documentOf(room) === documentId)));
  }, [user, documentId]);
  if (!user || rooms.length === 0) return null;
  const handleDiscard = async () => {
    for (const room of rooms) await removeCopy(user, room);
    setRooms([]);
  };
  return (
    <Alert color="orange" icon={<IconAlertTriangle size={18} />} title={t('offline.unsent.title')} mt="md" role="alert">
      <Stack gap="xs">
        <Text size="sm">{t('offline.unsent.gone')}</Text>
        {rooms.map((room) => (
          <UnsentPage key={room} user={user} room={room} />
        ))}
        <Group>
          <Button size="xs" variant="subtle" color="red" onClick={() => void handleDiscard()}>
            {t('offline.unsent.discard')}
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}
