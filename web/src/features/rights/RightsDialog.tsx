// Who may do what here? Roles of people and groups on one folder or document, its own and the inherited ones.
import { ActionIcon, Avatar, Divider, Group, Select, Stack, Switch, Text, Tooltip } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconUsersGroup, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { GrantView, Role } from '../../api/types';
import i18n from '../../i18n/i18n';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { Loading } from '../../shared/Loading';
import { ROLES, useGrants, useSetGrant, useSetInherits, type Subject } from './api';
import { GrantForm } from './GrantForm';
import classes from './RightsDialog.module.css';

interface Options extends Subject {
  name: string;
  /** Whether rights of the folders above hold here too. */
  inherits: boolean;
  /** A library has nothing above it. */
  isRoot?: boolean;
}

export function openRightsDialog(options: Options): void {
  modals.open({
    title: i18n.t('rights.title', { name: options.name }),
    size: 'lg',
    closeButtonProps: { 'aria-label': i18n.t('common.close') },
    children: <RightsDialog {...options} />,
  });
}

export function RightsDialog({ inherits, isRoot = false, ...subject }: Options) {
  const { t } = useTranslation();
  const grants = useGrants(subject);
  const setGrant = useSetGrant(subject);
  const own = grants.data?.items.filter((grant) => grant.inherited_from === null) ?? [];
  const inherited = grants.data?.items.filter((grant) => grant.inherited_from !== null) ?? [];
  return (
    <Stack gap="md">
      <GrantForm granted={own} busy={setGrant.isPending} onAdd={(grant) => setGrant.mutateAsync(grant)} />
      {setGrant.error && <ErrorNotice error={setGrant.error} />}
      <Divider />
      {grants.isPending && <Loading height={120} />}
      {grants.error && <ErrorNotice error={grants.error} onRetry={() => void grants.refetch()} />}
      {grants.data && own.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('rights.noOwn')}
        </Text>
      )}
      <Stack gap={4} component="ul" className={classes.list} aria-label={t('rights.own')}>
        {own.map((grant) => (
          <GrantRow key={grant.subject_kind + grant.subject_id} grant={grant} onChange={(role) => setGrant.mutate({ ...grant, role })} />
        ))}
      </Stack>
      {!isRoot && <InheritSwitch subject={subject} inherits={inherits} />}
      {inherited.length > 0 && (
        <>
          <Text size="sm" fw={600}>
            {t('rights.inherited')}
          </Text>
          <Stack gap={4} component="ul" className={classes.list} aria-label={t('rights.inherited')}>
            {inherited.map((grant) => (
              <GrantRow key={`${grant.inherited_from?.id}${grant.subject_kind}${grant.subject_id}`} grant={grant} />
            ))}
          </Stack>
        </>
      )}
    </Stack>
  );
}

function GrantRow({ grant, onChange }: { grant: GrantView; onChange?: (role: Role | null) => void }) {
  const { t } = useTranslation();
  const name = grant.subject_name;
  return (
    <Group component="li" wrap="nowrap" gap="sm" mih={44}>
      <Avatar name={name} color={grant.subject_kind === 'group' ? 'gray' : 'initials'} radius="xl" size={32}>
        {grant.subject_kind === 'group' ? <IconUsersGroup size={18} /> : Array.from(name)[0]?.toUpperCase()}
      </Avatar>
      <div className={classes.text}>
        <Text size="sm" fw={500} truncate>
          {name}
        </Text>
        <Text size="xs" c="dimmed" truncate>
          {grant.inherited_from ? t('rights.from', { name: grant.inherited_from.name }) : t(`rights.explain.${grant.role}`)}
        </Text>
      </div>
      {onChange ? (
        <>
          <Select
            aria-label={t('rights.roleOf', { name })}
            data={ROLES.map((role) => ({ value: role, label: t(`rights.role.${role}`) }))}
            value={grant.role}
            onChange={(role) => role && onChange(role as Role)}
            allowDeselect={false}
            w={120}
            size="sm"
            comboboxProps={{ withinPortal: true }}
          />
          <Tooltip label={t('common.remove')}>
            <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('rights.remove', { name })} onClick={() => onChange(null)}>
              <IconX size={18} />
            </ActionIcon>
          </Tooltip>
        </>
      ) : (
        <Text size="sm" c="dimmed" flex="none">
          {t(`rights.role.${grant.role}`)}
        </Text>
      )}
    </Group>
  );
}

function InheritSwitch({ subject, inherits }: { subject: Subject; inherits: boolean }) {
  const { t } = useTranslation();
  const [checked, setChecked] = useState(inherits);
  const update = useSetInherits(subject);
  return (
    <>
      <Switch
        label={t('rights.inherit')}
        description={t('rights.inheritExplain')}
        checked={checked}
        disabled={update.isPending}
        onChange={(event) => {
          const next = event.currentTarget.checked;
          setChecked(next);
          update.mutate(next, { onError: () => setChecked(!next) });
        }}
      />
      {update.error && <ErrorNotice error={update.error} />}
    </>
  );
}
