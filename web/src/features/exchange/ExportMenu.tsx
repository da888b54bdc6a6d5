// Takes a page away as a file: Word, PDF, Markdown or HTML.
import { ActionIcon, Menu, Text, Tooltip } from '@mantine/core';
import { IconFileDownload, IconFileTypeDocx, IconFileTypeHtml, IconFileTypePdf, IconMarkdown } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { apiUrl, ApiError, toApiError } from '../../api/client';
import type { DocumentView } from '../../api/types';
import { notifyDone, notifyError } from '../../shared/notify';

const FORMATS = [
  { format: 'docx', icon: IconFileTypeDocx },
  { format: 'pdf', icon: IconFileTypePdf },
  { format: 'md', icon: IconMarkdown },
  { format: 'html', icon: IconFileTypeHtml },
] as const;

type Format = (typeof FORMATS)[number]['format'];

/** Lets the server make the file and gives it to the browser. */
async function takeAway(page: DocumentView, format: Format): Promise<boolean> {
  let response: Response;
  try {
    response = await fetch(apiUrl(`/documents/${page.id}/export`, { format }), { credentials: 'same-origin' });
  } catch {
    throw new ApiError('network', 'The server cannot be reached', 0);
  }
  if (!response.ok) throw toApiError(response.status, await response.text(), response.headers.get('retry-after'));
  const ending = response.headers.get('content-type') === 'application/zip' ? 'zip' : format;
  const address = URL.createObjectURL(await response.blob());
  const link = window.document.createElement('a');
  link.href = address;
  link.download = `${page.name}.${ending}`;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  return response.headers.get('wenshu-warning') === 'pictures_left_out';
}

export function ExportMenu({ document }: { document: DocumentView }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  if (!document.abilities.includes('download')) return null;

  const handleExport = async (format: Format) => {
    setBusy(true);
    try {
      if (await takeAway(document, format)) notifyDone(t('exchange.picturesLeftOut'));
    } catch (error) {
      notifyError(error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Menu position="bottom-end" width={290} withinPortal>
      <Menu.Target>
        <Tooltip label={t('exchange.export')}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('exchange.export')} loading={busy}>
            <IconFileDownload size={20} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('exchange.exportAs')}</Menu.Label>
        {FORMATS.map(({ format, icon: Icon }) => (
          <Menu.Item key={format} leftSection={<Icon size={18} stroke={1.6} />} onClick={() => void handleExport(format)}>
            {t(`exchange.format.${format}`)}
            <Text size="xs" c="dimmed">
              {t(`exchange.hint.${format}`)}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
