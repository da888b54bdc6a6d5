// Which fields do the documents of a library have? Defined, ordered and removed by those who manage it.
import { ActionIcon, Badge, Button, Group, Menu, Text, Tooltip } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconArrowDown, IconArrowUp, IconDots, IconForms, IconGripVertical, IconPencil, IconPlus, IconTable, IconTemplate, IconTrash } from '@tabler/icons-react';
import { useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import type { FolderView } from '../../../api/types';
import { EmptyState } from '../../../shared/EmptyState';
import { ErrorNotice } from '../../../shared/ErrorNotice';
import { Loading } from '../../../shared/Loading';
import { notifyDone, notifyError } from '../../../shared/notify';
import { PageHeader } from '../../../shared/PageHeader';
import { useTitle } from '../../../shared/useTitle';
import { Breadcrumbs } from '../../../shell/Breadcrumbs';
import { useFolder } from '../../folders/api';
import arrow from '../arrow.module.css';
import { useDeleteProperty, useProperties, useUpdateProperty } from '../api';
import type { Property } from '../types';
import { openFieldDialog } from './FieldDialog';
import classes from './fields.module.css';
import { openPresetDialog } from './PresetDialog';

export function FieldsPage() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const folder = useFolder(id);
  useTitle(folder.data ? `${t('records.fields')} · ${folder.data.name}` : undefined);
  if (folder.isPending) return <Loading />;
  if (!folder.data) {
    return (
      <div style={{ padding: 16 }}>
        <ErrorNotice error={folder.error} onRetry={() => void folder.refetch()} />
      </div>
    );
  }
  return <Fields key={id} library={folder.data} />;
}

function Fields({ library }: { library: FolderView }) {
  const { t } = useTranslation();
  const fields = useProperties(library.id);
  const mayDefine = library.abilities.includes('define_properties');
  const add = () => openFieldDialog({ libraryId: library.id });
  const preset = () => openPresetDialog({ libraryId: library.id, present: fields.data ?? [] });
  return (
    <>
      <PageHeader title={t('records.fields')} above={<Breadcrumbs path={library.path} />}>
        <Button component={Link} to={`/folders/${library.id}/records`} variant="default" visibleFrom="sm" leftSection={<IconTable size={18} stroke={1.6} />}>
          {t('records.toRecords')}
        </Button>
        {mayDefine && fields.data && fields.data.length > 0 && (
          <>
            <Button variant="default" leftSection={<IconTemplate size={18} stroke={1.6} />} onClick={preset} visibleFrom="sm">
              {t('records.preset')}
            </Button>
            <Button leftSection={<IconPlus size={18} />} onClick={add}>
              {t('records.addField')}
            </Button>
          </>
        )}
      </PageHeader>
      <Text size="sm" c="dimmed" px="md" maw={760}>
        {t('records.fieldsText', { name: library.name })}
      </Text>
      {fields.isPending && <Loading />}
      {fields.error && (
        <div style={{ padding: 16 }}>
          <ErrorNotice error={fields.error} onRetry={() => void fields.refetch()} />
        </div>
      )}
      {fields.data?.length === 0 && (
        <EmptyState icon={<IconForms size={30} stroke={1.5} />} title={t('records.noFields')} text={mayDefine ? t('records.noFieldsText') : t('records.noFieldsAsk')}>
          {mayDefine && (
            <Group mt="sm" justify="center">
              <Button leftSection={<IconTemplate size={18} />} onClick={preset}>
                {t('records.preset')}
              </Button>
              <Button variant="default" leftSection={<IconPlus size={18} />} onClick={add}>
                {t('records.addField')}
              </Button>
            </Group>
          )}
        </EmptyState>
      )}
      {fields.data && fields.data.length > 0 && <FieldList libraryId={library.id} fields={fields.data} editable={mayDefine} />}
    </>
  );
}

function FieldList({ libraryId, fields, editable }: { libraryId: string; fields: Property[]; editable: boolean }) {
  const { t } = useTranslation();
  const update = useUpdateProperty();
  const [dragged, setDragged] = useState<string | null>(null);
  const [over, setOver] = useState<number | null>(null);

  const move = (field: Property, to: number) => {
    if (to >= 0 && to < fields.length) update.mutate({ id: field.id, position: to }, { onError: notifyError });
  };
  const handleDrop = (event: DragEvent, to: number) => {
    event.preventDefault();
    const field = fields.find((one) => one.id === dragged);
    if (field && fields.indexOf(field) !== to) move(field, to);
    setDragged(null);
    setOver(null);
  };

  return (
    <ol className={classes.list} aria-label={t('records.fields')}>
      {fields.map((field, index) => (
        <li
          key={field.id}
          className={classes.field}
          aria-label={field.name}
          draggable={editable && dragged === field.id}
          data-over={(over === index && dragged !== null) || undefined}
          data-dragged={dragged === field.id || undefined}
          onDragStart={(event) => event.dataTransfer.setData('text/plain', field.name)}
          onDragOver={(event) => {
            if (dragged === null) return;
            event.preventDefault();
            setOver(index);
          }}
          onDrop={(event) => handleDrop(event, index)}
          onDragEnd={() => {
            setDragged(null);
            setOver(null);
          }}
        >
          {editable && (
            <span className={classes.grip} title={t('records.dragField')} onPointerDown={() => setDragged(field.id)} onPointerUp={() => setDragged(null)} aria-hidden>
              <IconGripVertical size={18} />
            </span>
          )}
          <span className={classes.text}>
            <span className={classes.name}>
              {field.name}
              {field.required && (
                <Badge size="sm" variant="light" color="red" tt="none" fw={500}>
                  {t('records.required')}
                </Badge>
              )}
              {field.unique && (
                <Badge size="sm" variant="light" color="violet" tt="none" fw={500}>
                  {t('records.unique')}
                </Badge>
              )}
              {field.facet && (
                <Badge size="sm" variant="light" color="teal" tt="none" fw={500}>
                  {t('records.asFacet')}
                </Badge>
              )}
            </span>
            <Text size="xs" c="dimmed" truncate title={field.options.join(t('records.listComma'))}>
              {t(`records.fieldKind.${field.kind}`)}
              {field.options.length > 0 && t('records.optionsAre', { options: field.options.join(t('records.listComma')) })}
            </Text>
          </span>
          {editable && (
            <span className={classes.actions}>
              <Tooltip label={t('records.up')}>
                <ActionIcon className={arrow.arrow} variant="subtle" color="gray" size="lg" aria-label={t('records.moveUp', { name: field.name })} disabled={index === 0} onClick={() => move(field, index - 1)}>
                  <IconArrowUp size={17} />
                </ActionIcon>
              </Tooltip>
              <Tooltip label={t('records.down')}>
                <ActionIcon
                  className={arrow.arrow}
                  variant="subtle"
                  color="gray"
                  size="lg"
                  aria-label={t('records.moveDown', { name: field.name })}
                  disabled={index === fields.length - 1}
                  onClick={() => move(field, index + 1)}
                >
                  <IconArrowDown size={17} />
                </ActionIcon>
              </Tooltip>
              <FieldMenu libraryId={libraryId} field={field} />
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}

function FieldMenu({ libraryId, field }: { libraryId: string; field: Property }) {
  const { t } = useTranslation();
  const remove = useDeleteProperty();
  const handleDelete = () =>
    modals.openConfirmModal({
      title: t('records.deleteFieldTitle', { name: field.name }),
      centered: true,
      children: <Text size="sm">{t('records.deleteFieldText', { name: field.name })}</Text>,
      labels: { confirm: t('records.deleteField'), cancel: t('common.cancel') },
      confirmProps: { color: 'red' },
      onConfirm: () => remove.mutate(field.id, { onError: notifyError, onSuccess: () => notifyDone(t('records.fieldDeleted', { name: field.name })) }),
    });
  return (
    <Menu position="bottom-end" width={160}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('folders.actionsFor', { name: field.name })}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => openFieldDialog({ libraryId, field })}>
          {t('common.edit')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={handleDelete}>
          {t('common.delete')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
