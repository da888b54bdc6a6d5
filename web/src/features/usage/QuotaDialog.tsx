import { Button, Group, NumberInput, Radio, Select, Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { OwnerUsageView } from '../../api/types';
import { errorText } from '../../i18n/errorText';
import i18n from '../../i18n/i18n';
import { formatBytes } from '../../shared/format';
import { notifyDone } from '../../shared/notify';
import { useSetQuota, type QuotaInput } from './api';
import { joinSize, splitSize, UNITS, type Unit } from './size';

interface Options {
  of: 'libraries' | 'users';
  owner: OwnerUsageView;
  /** What the settings say; null: any amount. */
  fallback: number | null;
}

/** Says how much a library or person may keep. */
export function openQuotaDialog(options: Options): void {
  const id = modals.open({
    title: i18n.t('usage.quotaTitle', { name: options.owner.name }),
    centered: true,
    closeButtonProps: { 'aria-label': i18n.t('common.close') },
    children: <QuotaForm {...options} onClose={() => modals.close(id)} />,
  });
}

function QuotaForm({ of, owner, fallback, onClose }: Options & { onClose: () => void }) {
  const { t } = useTranslation();
  const set = useSetQuota(of, owner.id);
  const limit = owner.limit_bytes ?? null;
  const [kind, setKind] = useState<QuotaInput['kind']>(owner.is_default ? 'default' : limit === null ? 'unlimited' : 'limited');
  const first = splitSize(limit ?? 10 * 1024 ** 3);
  const [value, setValue] = useState<number | string>(first.value);
  const [unit, setUnit] = useState<Unit>(first.unit);
  const bytes = typeof value === 'number' ? joinSize(value, unit) : undefined;
  const below = kind === 'limited' && bytes !== undefined && bytes < owner.used_bytes;

  function handleSubmit(event: FormEvent) {
    event.preventDefault();
    const input: QuotaInput = kind === 'limited' ? { kind, bytes: bytes ?? 0 } : { kind };
    set.mutate(input, {
      onSuccess: () => {
        notifyDone(t('usage.quotaSet', { name: owner.name }));
        onClose();
      },
    });
  }

  return (
    <form onSubmit={handleSubmit}>
      <Stack>
        <Radio.Group value={kind} onChange={(next) => setKind(next as QuotaInput['kind'])} aria-label={t('usage.quota')}>
          <Stack gap="sm">
            <Radio
              value="default"
              label={t('usage.default', { limit: fallback === null ? t('usage.unlimited') : formatBytes(fallback) })}
            />
            <Radio value="unlimited" label={t('usage.unlimited')} />
            <Radio value="limited" label={t('usage.limited')} />
          </Stack>
        </Radio.Group>
        {kind === 'limited' && (
          <Group wrap="nowrap" align="end">
            <NumberInput label={t('usage.limit')} value={value} onChange={setValue} min={0} decimalScale={3} flex={1} required withAsterisk={false} />
            <Select
              aria-label={t('usage.unit')}
              data={UNITS.map(String)}
              value={unit}
              onChange={(next) => next && setUnit(next as Unit)}
              allowDeselect={false}
              w={90}
              comboboxProps={{ withinPortal: true }}
            />
          </Group>
        )}
        {below && (
          <Text size="sm" c="orange.8">
            {t('usage.below', { used: formatBytes(owner.used_bytes) })}
          </Text>
        )}
        {set.error && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {errorText(t, set.error)}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={set.isPending} disabled={kind === 'limited' && bytes === undefined}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
