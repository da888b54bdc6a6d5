import { ActionIcon, Alert, Button, Code, CopyButton, Group, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { IconKey, IconTrash } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { TokenView } from '../../api/types';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { formatTime } from '../../shared/format';
import { Loading } from '../../shared/Loading';
import { useCreateToken, useDeleteToken, useTokens } from './api';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Access tokens for programs; the secret is shown once, when it is made. */
export function TokenList() {
  const { t } = useTranslation();
  const tokens = useTokens();
  const create = useCreateToken();
  const remove = useDeleteToken();
  const [name, setName] = useState('');
  const [days, setDays] = useState('90');

  function handleSubmit(event: FormEvent) {
    event.preventDefault();
    const expires_at = days === '' ? undefined : Date.now() + Number(days) * DAY_MS;
    create.mutate({ name: name.trim(), expires_at }, { onSuccess: () => setName('') });
  }

  return (
    <Stack>
      <form onSubmit={handleSubmit} aria-label={t('settings.newToken')}>
        <Group align="flex-end" gap="xs">
          <TextInput
            label={t('settings.tokenName')}
            placeholder={t('settings.tokenPlaceholder')}
            required
            withAsterisk={false}
            flex="1 1 180px"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label={t('settings.tokenLife')}
            w={130}
            allowDeselect={false}
            value={days}
            onChange={(value) => setDays(value ?? '')}
            data={[
              { value: '30', label: t('settings.days', { count: 30 }) },
              { value: '90', label: t('settings.days', { count: 90 }) },
              { value: '365', label: t('settings.days', { count: 365 }) },
              { value: '', label: t('settings.noExpiry') },
            ]}
          />
          <Button type="submit" loading={create.isPending}>
            {t('settings.newToken')}
          </Button>
        </Group>
      </form>
      {create.error && <ErrorNotice error={create.error} />}
      {create.data?.token && <NewToken token={create.data.token} />}
      {remove.error && <ErrorNotice error={remove.error} />}
      {tokens.isPending && <Loading height={80} />}
      {tokens.error && <ErrorNotice error={tokens.error} onRetry={() => void tokens.refetch()} />}
      {tokens.data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('settings.noTokens')}
        </Text>
      )}
      {tokens.data && tokens.data.items.length > 0 && (
        <Table aria-label={t('settings.tokens')}>
          <Table.Tbody>
            {tokens.data.items.map((token) => (
              <TokenRow key={token.id} token={token} onDelete={() => remove.mutate(token.id)} />
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Stack>
  );
}

function NewToken({ token }: { token: string }) {
  const { t } = useTranslation();
  return (
    <Alert color="teal" icon={<IconKey />} title={t('settings.tokenMade')}>
      <Group gap="xs">
        <Code>{token}</Code>
        <CopyButton value={token}>
          {({ copied, copy }) => (
            <Button size="compact-sm" variant="light" onClick={copy}>
              {copied ? t('common.copied') : t('common.copy')}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Alert>
  );
}

function TokenRow({ token, onDelete }: { token: TokenView; onDelete: () => void }) {
  const { t } = useTranslation();
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={500}>
          {token.name}
        </Text>
        <Text size="xs" c="dimmed">
          {t('settings.tokenCreated', { time: formatTime(token.created_at) })} ·{' '}
          {token.expires_at ? t('settings.tokenExpires', { time: formatTime(token.expires_at) }) : t('settings.noExpiry')}
        </Text>
      </Table.Td>
      <Table.Td w={50}>
        <ActionIcon variant="subtle" color="red" size="lg" aria-label={t('settings.deleteToken', { name: token.name })} onClick={onDelete}>
          <IconTrash size={18} />
        </ActionIcon>
      </Table.Td>
    </Table.Tr>
  );
}
