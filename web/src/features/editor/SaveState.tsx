import { Badge, Button, Loader, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconCloudCheck, IconCloudOff, IconDeviceFloppy, IconDownload } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type * as Y from 'yjs';
import { codeText } from '../../i18n/errorText';
import { opensOffline } from '../../offline/serviceWorker';
import { downloadPage } from './bodyTree';
import type { RoomSnapshot, RoomState } from './room';

const LOOKS: Record<RoomState, { color: string; icon: React.ReactNode }> = {
  connecting: { color: 'gray', icon: <Loader size={12} color="gray" /> },
  saving: { color: 'yellow', icon: <Loader size={12} color="yellow" /> },
  saved: { color: 'teal', icon: <IconCloudCheck size={14} aria-hidden /> },
  offline: { color: 'orange', icon: <IconCloudOff size={14} aria-hidden /> },
  closed: { color: 'red', icon: <IconAlertTriangle size={14} aria-hidden /> },
};

/** What is true about the text right now, in a few words; read out when it changes. */
export function SaveState({ room }: { room: RoomSnapshot }) {
  const { t } = useTranslation();
  const isLost = room.state === 'offline' && room.dirty && (room.keeping === 'failed' || room.keeping === 'none');
  const isKept = room.state === 'offline' && room.dirty && room.keeping === 'kept';
  const look = LOOKS[room.state];
  const color = isLost ? 'red' : look.color;
  const icon = isLost ? <IconAlertTriangle size={14} aria-hidden /> : isKept ? <IconDeviceFloppy size={14} aria-hidden /> : look.icon;
  const label =
    room.state === 'closed' && room.refusal ? codeText(t, room.refusal.code, room.refusal.message) : t(`editor.state.${room.state}`);
  const detail = room.state === 'offline' && room.dirty ? ` · ${t('editor.unsent')}${keepingText()}` : '';
  return (
    <Tooltip label={hint()} disabled={!hint()} multiline maw={320}>
      <Badge
        role="status"
        aria-label={`${label}${detail}`}
        data-state={room.state}
        data-keeping={room.keeping}
        data-transport={room.transport}
        variant="light"
        size="lg"
        color={color}
        leftSection={icon}
        tt="none"
      >
        {label}
        {detail}
      </Badge>
    </Tooltip>
  );

  function keepingText(): string {
    if (isLost) return t('editor.keeping.failed');
    return room.keeping === 'kept' ? t('editor.keeping.kept') : '';
  }

  function hint(): string {
    if (room.state === 'offline') {
      if (isLost) return t('editor.keeping.failedHint');
      return t(opensOffline() ? 'editor.keeping.hint' : 'editor.keeping.noReopenHint');
    }
    return room.transport === 'http' && room.state !== 'closed' ? t('editor.overHttp') : '';
  }
}

/** Takes along what cannot be sent. */
export function RescueButton({ name, doc, onDone }: { name: string; doc: Y.Doc; onDone?: () => void }) {
  const { t } = useTranslation();
  return (
    <Button
      size="xs"
      variant="light"
      leftSection={<IconDownload size={14} />}
      onClick={() => {
        downloadPage(name, doc);
        onDone?.();
      }}
    >
      {t('editor.rescue.download')}
    </Button>
  );
}
