import { Badge, Loader } from '@mantine/core';
import { IconAlertTriangle, IconCloudCheck, IconCloudOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { codeText } from '../../i18n/errorText';
import type { RoomSnapshot, RoomState } from './room';

const LOOKS: Record<RoomState, { color: string; icon: React.ReactNode }> = {
  connecting: { color: 'gray', icon: <Loader size={12} color="gray" /> },
  saving: { color: 'yellow', icon: <Loader size={12} color="yellow" /> },
  saved: { color: 'teal', icon: <IconCloudCheck size={14} aria-hidden /> },
  offline: { color: 'orange', icon: <IconCloudOff size={14} aria-hidden /> },
  closed: { color: 'red', icon: <IconAlertTriangle size={14} aria-hidden /> },
};

/** What is true about the text right now, in one word; read out when it changes. */
export function SaveState({ room }: { room: RoomSnapshot }) {
  const { t } = useTranslation();
  const { color, icon } = LOOKS[room.state];
  const label =
    room.state === 'closed' && room.refusal ? codeText(t, room.refusal.code, room.refusal.message) : t(`editor.state.${room.state}`);
  return (
    <Badge role="status" aria-label={label} data-state={room.state} variant="light" size="lg" color={color} leftSection={icon} tt="none">
      {label}
      {room.state === 'offline' && room.dirty ? ` · ${t('editor.unsent')}` : ''}
    </Badge>
  );
}
