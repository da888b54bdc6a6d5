// Which versions a library keeps, with what would go before anything goes.
import { Alert, Button, Checkbox, Group, NumberInput, Radio, Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconInfoCircle } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import type { FolderView, LibraryRetentionView, RetentionView, ThinnedView } from '../../api/types';
import { errorText } from '../../i18n/errorText';
import i18n from '../../i18n/i18n';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { formatBytes } from '../../shared/format';
import { Loading } from '../../shared/Loading';
import { notifyDone } from '../../shared/notify';

export function openRetentionDialog(library: FolderView): void {
  const id = modals.open({
    title: i18n.t('retention.title', { name: library.name }),
    centered: true,
    size: 'lg',
    closeButtonProps: { 'aria-label': i18n.t('common.close') },
    children: <Retention library={library} onClose={() => modals.close(id)} />,
  });
}

interface Props {
  library: FolderView;
  onClose: () => void;
}

function Retention({ library, onClose }: Props) {
  const now = useQuery({
    queryKey: ['retention', library.id],
    queryFn: () => api.get<LibraryRetentionView>(`/folders/${library.id}/retention`),
    staleTime: 0,
    gcTime: 0,
  });
  if (now.isPending) return <Loading />;
  if (!now.data) return <ErrorNotice error={now.error} onRetry={() => void now.refetch()} />;
  return <RetentionForm library={library} rule={now.data.rule ?? null} onClose={onClose} />;
}

type Numeric = number | string;

function RetentionForm({ library, rule, onClose }: Props & { rule: RetentionView | null }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const path = `/folders/${library.id}/retention`;
  const [kind, setKind] = useState(rule ? 'thin' : 'all');
  const [keepAll, setKeepAll] = useState<Numeric>(rule?.keep_all_days ?? 30);
  const [daily, setDaily] = useState<Numeric>(rule?.daily_days ?? 90);
  const [bounded, setBounded] = useState(rule?.max_versions != null);
  const [most, setMost] = useState<Numeric>(rule?.max_versions ?? 100);
  const wanted = wantedRule(keepAll, daily, bounded ? most : null);
  const preview = useQuery({
    queryKey: ['retention', library.id, 'preview', wanted],
    queryFn: () => api.post<ThinnedView>(`${path}/preview`, wanted),
    enabled: kind === 'thin' && wanted !== null,
    staleTime: 0,
  });
  const save = useMutation({
    mutationFn: () => (kind === 'all' ? api.delete<void>(path) : api.put<void>(path, wanted)),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['retention', library.id] });
      notifyDone(t('retention.saved'));
      onClose();
    },
  });

  function handleSubmit(event: FormEvent) {
    event.preventDefault();
    save.mutate();
  }

  return (
    <form onSubmit={handleSubmit}>
      <Stack>
        <Radio.Group value={kind} onChange={setKind} aria-label={t('retention.menu')}>
          <Stack gap="sm">
            <Radio value="all" label={t('retention.all')} />
            <Radio value="thin" label={t('retention.thin')} />
          </Stack>
        </Radio.Group>
        {kind === 'thin' && (
          <Stack gap="sm" pl={30}>
            <Days label={t('retention.keepAll')} value={keepAll} min={1} onChange={setKeepAll} />
            <Days label={t('retention.daily')} value={daily} min={0} onChange={setDaily} />
            <Text size="sm">{t('retention.weekly')}</Text>
            <Group gap="sm">
              <Checkbox label={t('retention.most')} checked={bounded} onChange={(event) => setBounded(event.currentTarget.checked)} />
              {bounded && <NumberInput aria-label={t('retention.most')} value={most} onChange={setMost} min={1} max={100000} allowDecimal={false} w={110} size="xs" />}
            </Group>
            <Alert variant="light" icon={<IconInfoCircle size={18} />} color={preview.data && preview.data.versions > 0 ? 'orange' : 'blue'} role="status">
              <Text size="sm" fw={500}>
                {wanted === null ? t('retention.incomplete') : preview.data ? previewText(preview.data) : preview.error ? errorText(t, preview.error) : t('common.loading')}
              </Text>
              <Text size="xs" c="dimmed" mt={4}>
                {t('retention.never')}
              </Text>
            </Alert>
          </Stack>
        )}
        {save.error && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {errorText(t, save.error)}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={save.isPending} disabled={kind === 'thin' && wanted === null}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function wantedRule(keepAll: Numeric, daily: Numeric, most: Numeric | null): RetentionView | null {
  if (typeof keepAll !== 'number' || typeof daily !== 'number' || typeof most === 'string') return null;
  return { keep_all_days: keepAll, daily_days: daily, ...(most === null ? {} : { max_versions: most }) };
}

function previewText({ versions, documents, size_bytes }: ThinnedView): string {
  if (versions === 0) return i18n.t('retention.nothing');
  return i18n.t('retention.would', { count: versions, documents, size: formatBytes(size_bytes) });
}

function Days({ label, value, min, onChange }: { label: string; value: Numeric; min: number; onChange: (value: Numeric) => void }) {
  const { t } = useTranslation();
  return (
    <NumberInput
      label={label}
      value={value}
      onChange={onChange}
      min={min}
      max={36500}
      allowDecimal={false}
      suffix={t('retention.days')}
      w={280}
    />
  );
}
