import { ActionIcon, Alert, Badge, Breadcrumbs, Group, Text, TextInput, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconHistory } from '@tabler/icons-react';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import type { DocumentView } from '../../api/types';
import { codeText, errorText } from '../../i18n/errorText';
import { Loading } from '../../shared/Loading';
import { useUpdateDocument } from '../documents/api';
import { presenceColor } from '../editor/extensions';
import { Presences } from '../editor/Presences';
import { Room } from '../editor/room';
import { SaveState } from '../editor/SaveState';
import { DetailsToggle } from '../records/details/DetailsToggle';
import { useCurrentUser } from '../session/api';
import { VersionsDrawer } from '../versions/VersionsDrawer';
import classes from './board.module.css';
import { Canvas } from './Canvas';

interface Props {
  document: DocumentView;
}

/** Joins the room for as long as the board is shown. */
export function BoardPage({ document }: Props) {
  const [room, setRoom] = useState<Room | null>(null);
  useEffect(() => {
    const joined = new Room(document.id);
    // eslint-disable-next-line react-hooks/set-state-in-effect -- a room is a connection: the effect opens and ends it
    setRoom(joined);
    return () => joined.destroy();
  }, [document.id]);
  return room ? <Board key={document.id} document={document} room={room} /> : <Loading />;
}

function Board({ document, room }: Props & { room: Room }) {
  const { t } = useTranslation();
  const account = useCurrentUser();
  const [params] = useSearchParams();
  const snapshot = useSyncExternalStore(room.subscribe, room.read);
  const [showVersions, setShowVersions] = useState(params.get('panel') === 'versions');
  const [behind, setBehind] = useState(false);
  const mayEdit = document.abilities.includes('edit');
  const user = useMemo(
    () => ({ id: account.id, name: account.display_name, color: presenceColor(account.id) }),
    [account.id, account.display_name],
  );
  // What is drawn and not yet in the document, or a picture on its way, is not saved, whatever the room knows.
  const shown = behind && snapshot.state === 'saved' ? { ...snapshot, state: 'saving' as const } : snapshot;

  useEffect(() => {
    if (!behind) return;
    const stay = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', stay);
    return () => window.removeEventListener('beforeunload', stay);
  }, [behind]);

  return (
    <div className={classes.page}>
      <Group px="md" py="xs" gap="sm" wrap="nowrap" className={classes.head}>
        <Breadcrumbs visibleFrom="sm">
          {document.path.map((folder) => (
            <Text key={folder.id} component={Link} to={`/folders/${folder.id}`} size="sm" c="dimmed">
              {folder.name}
            </Text>
          ))}
        </Breadcrumbs>
        <Title key={document.name} document={document} />
        <Presences room={room} />
        {mayEdit ? (
          <SaveState room={shown} />
        ) : (
          <Tooltip label={t('board.readingText')}>
            <Badge variant="light" size="lg" color="gray" tt="none">
              {t('board.reading')}
            </Badge>
          </Tooltip>
        )}
        <DetailsToggle document={document} />
        <Tooltip label={t('versions.title')}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('versions.title')} onClick={() => setShowVersions(true)}>
            <IconHistory size={20} />
          </ActionIcon>
        </Tooltip>
      </Group>
      {snapshot.refusal && (
        <Alert color="red" mx="md" mb="xs">
          {codeText(t, snapshot.refusal.code, snapshot.refusal.message)}
        </Alert>
      )}
      {snapshot.loaded ? (
        <Canvas
          document={document}
          room={room}
          user={user}
          editable={mayEdit && snapshot.state !== 'closed'}
          onBehind={setBehind}
          onPictureError={(error) => notifications.show({ color: 'red', message: errorText(t, error) })}
        />
      ) : (
        snapshot.state !== 'closed' && <Loading />
      )}
      <VersionsDrawer document={document} opened={showVersions} onClose={() => setShowVersions(false)} />
    </div>
  );
}

function Title({ document }: Props) {
  const { t } = useTranslation();
  const [name, setName] = useState(document.name);
  const update = useUpdateDocument();
  const handleRename = () => {
    const wanted = name.trim();
    if (wanted === document.name) return;
    update.mutate(
      { id: document.id, name: wanted },
      {
        onError: (error) => {
          setName(document.name);
          notifications.show({ color: 'red', message: errorText(t, error) });
        },
      },
    );
  };
  return (
    <TextInput
      variant="unstyled"
      size="md"
      aria-label={t('editor.title')}
      value={name}
      readOnly={!document.abilities.includes('rename')}
      onChange={(event) => setName(event.currentTarget.value)}
      onBlur={handleRename}
      onKeyDown={(event) => event.key === 'Enter' && !event.nativeEvent.isComposing && event.currentTarget.blur()}
      styles={{ root: { flex: 1, minWidth: 80 }, input: { fontWeight: 600, textOverflow: 'ellipsis' } }}
    />
  );
}
