import { ActionIcon, Alert, Breadcrumbs, Group, Text, TextInput, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconHistory } from '@tabler/icons-react';
import { EditorContent, useEditor } from '@tiptap/react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import type { DocumentView } from '../../api/types';
import { codeText, errorText } from '../../i18n/errorText';
import { Loading } from '../../shared/Loading';
import { useUpdateDocument } from '../documents/api';
import { ExportMenu } from '../exchange/ExportMenu';
import { useCurrentUser } from '../session/api';
import { VersionsDrawer } from '../versions/VersionsDrawer';
import classes from './editor.module.css';
import { editorExtensions, presenceColor } from './extensions';
import { isPicture, uploadPicture } from './images';
import { Presences } from './Presences';
import { Room } from './room';
import { SaveState } from './SaveState';
import { Toolbar } from './Toolbar';

interface Props {
  document: DocumentView;
}

/** Joins the room for as long as the page is shown. */
export function EditorPage({ document }: Props) {
  const [room, setRoom] = useState<Room | null>(null);
  useEffect(() => {
    const joined = new Room(document.id);
    // eslint-disable-next-line react-hooks/set-state-in-effect -- a room is a connection: the effect opens and ends it
    setRoom(joined);
    return () => joined.destroy();
  }, [document.id]);
  return room ? <Editing key={document.id} document={document} room={room} /> : <Loading />;
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
      size="lg"
      aria-label={t('editor.title')}
      value={name}
      readOnly={!document.abilities.includes('rename')}
      onChange={(event) => setName(event.currentTarget.value)}
      onBlur={handleRename}
      onKeyDown={(event) => event.key === 'Enter' && !event.nativeEvent.isComposing && event.currentTarget.blur()}
      styles={{ root: { flex: 1, minWidth: 120 }, input: { fontWeight: 600, textOverflow: 'ellipsis' } }}
    />
  );
}

function Editing({ document, room }: Props & { room: Room }) {
  const { t } = useTranslation();
  const user = useCurrentUser();
  const [params] = useSearchParams();
  const snapshot = useSyncExternalStore(room.subscribe, room.read);
  const [showVersions, setShowVersions] = useState(params.get('panel') === 'versions');
  // Before the text has arrived there is nothing to edit; what the server ended is not to be written into either.
  const editable = document.abilities.includes('edit') && snapshot.loaded && snapshot.state !== 'closed';

  const insertPictures = (files: File[], at?: number) => {
    for (const file of files) {
      uploadPicture(file, document.folder_id).then(
        (src) => {
          const picture = { type: 'image', attrs: { src, alt: file.name } };
          if (at === undefined) editor?.chain().focus().insertContent(picture).run();
          else editor?.chain().focus().insertContentAt(at, picture).run();
        },
        (error: unknown) => notifications.show({ color: 'red', title: file.name, message: errorText(t, error) }),
      );
    }
  };

  const editor = useEditor({
    extensions: editorExtensions(
      room,
      { id: user.id, name: user.display_name, color: presenceColor(user.id) },
      t('editor.placeholder'),
    ),
    editable: false,
    editorProps: {
      attributes: { 'aria-label': t('editor.label'), role: 'textbox', 'aria-multiline': 'true' },
      handlePaste: (_view, event) => {
        const pictures = [...(event.clipboardData?.files ?? [])].filter(isPicture);
        // Word puts a picture beside the text it copies: the text is what was meant.
        if (pictures.length === 0 || event.clipboardData?.types.includes('text/html')) return false;
        insertPictures(pictures);
        return true;
      },
      handleDrop: (view, event) => {
        const pictures = [...(event.dataTransfer?.files ?? [])].filter(isPicture);
        if (pictures.length === 0) return false;
        event.preventDefault();
        insertPictures(pictures, view.posAtCoords({ left: event.clientX, top: event.clientY })?.pos);
        return true;
      },
    },
  });

  useEffect(() => {
    if (editor && editor.isEditable !== editable) editor.setEditable(editable);
  }, [editor, editable]);

  if (!editor) return <Loading />;
  return (
    <div className={classes.page}>
      <div className={classes.head}>
        <Group px="md" py="xs" gap="sm" wrap="wrap">
          <Breadcrumbs visibleFrom="sm">
            {document.path.map((folder) => (
              <Text key={folder.id} component={Link} to={`/folders/${folder.id}`} size="sm" c="dimmed">
                {folder.name}
              </Text>
            ))}
          </Breadcrumbs>
          <Title key={document.name} document={document} />
          <Presences room={room} />
          <SaveState room={snapshot} />
          <ExportMenu document={document} />
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
        {editable && <Toolbar editor={editor} onPicture={(file) => insertPictures([file])} />}
      </div>
      {!snapshot.loaded && snapshot.state !== 'closed' && <Loading />}
      <EditorContent editor={editor} className={classes.text} hidden={!snapshot.loaded} />
      <VersionsDrawer document={document} opened={showVersions} onClose={() => setShowVersions(false)} />
    </div>
  );
}
