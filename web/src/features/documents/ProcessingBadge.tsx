import { Badge, Loader, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Processing } from '../../api/types';
import { codeText } from '../../i18n/errorText';

interface Props {
  processing: Processing;
  /** Lists leave ready documents unmarked to the eye. */
  quiet?: boolean;
}

/** Whether a document can be searched and shown already, and if not, why. */
export function ProcessingBadge({ processing, quiet = false }: Props) {
  const { t } = useTranslation();
  if (processing.state === 'waiting') {
    return (
      <Badge variant="light" color="blue" leftSection={<Loader size={10} color="blue" />} tt="none">
        {t('documents.state.waiting')}
      </Badge>
    );
  }
  if (processing.recognising) {
    const { done, total } = processing.recognising;
    return (
      <Badge variant="light" color="cyan" leftSection={<Loader size={10} color="cyan" />} tt="none" role="status">
        {t(quiet ? 'documents.state.recognisingShort' : 'documents.state.recognising', { done, total })}
      </Badge>
    );
  }
  if (processing.state === 'failed') {
    const reason = codeText(t, processing.code ?? 'unknown', processing.message);
    return (
      <Tooltip label={reason} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
        <Badge
          variant="light"
          color="red"
          leftSection={<IconAlertTriangle size={12} />}
          tt="none"
          tabIndex={0}
          aria-label={`${t('documents.state.failed')}: ${reason}`}
        >
          {t('documents.state.failed')}
        </Badge>
      </Tooltip>
    );
  }
  if (quiet) {
    return (
      <Tooltip label={t('documents.state.ready')}>
        <IconCheck size={16} color="var(--mantine-color-teal-6)" role="img" aria-label={t('documents.state.ready')} />
      </Tooltip>
    );
  }
  return (
    <Badge variant="light" color="teal" tt="none">
      {t('documents.state.ready')}
    </Badge>
  );
}
