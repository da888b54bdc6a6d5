// What is known about a document beside its content? Its library's fields and tags, edited in place, and the facts about it.
import { Alert, Anchor, Divider, Select, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { DocumentView } from '../../../api/types';
import { errorText } from '../../../i18n/errorText';
import { formatBytes, formatTime } from '../../../shared/format';
import { Loading } from '../../../shared/Loading';
import { useCurrentUser } from '../../session/api';
import { useDocumentProperties, useEditDocument } from '../api';
import { valuesOf, type Property } from '../types';
import classes from './details.module.css';
import { PropertyField } from './PropertyField';
import { TagsField } from './TagsField';

const LEVELS = [0, 1, 2, 3] as const;

export function DetailsPanel({ document }: { document: DocumentView }) {
  const { t } = useTranslation();
  const defined = useDocumentProperties(document);
  // Without the server the values that were kept can be read.
  const properties = defined.data ?? (defined.isPending ? null : readableProperties(document));
  const mayEdit = document.abilities.includes('edit_record') && document.trashed_at == null;
  const missing = properties?.filter((one) => one.required && valuesOf(document, one.id).length === 0) ?? [];
  return (
    <Stack gap="sm" className={classes.panel}>
      {missing.length > 0 && (
        <Alert color="orange" variant="light" p="xs" icon={<IconAlertTriangle size={18} />}>
          <Text size="sm">{t('records.missing', { count: missing.length, names: missing.map((one) => one.name).join(t('records.listComma')) })}</Text>
        </Alert>
      )}
      {!properties && <Loading height={80} />}
      {properties?.map((property) => (
        <SavedField key={property.id} document={document} property={property} readOnly={!mayEdit || !defined.data} />
      ))}
      {properties?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('records.noFieldsHere')}
        </Text>
      )}
      <SavedTags document={document} readOnly={!mayEdit} />
      <Divider my={4} />
      <Facts document={document} />
    </Stack>
  );
}

function readableProperties(document: DocumentView): Property[] {
  return (document.properties ?? []).map((one, position) => ({
    id: one.property_id,
    library_id: '',
    name: one.name,
    kind: one.kind,
    options: one.values,
    required: false,
    unique: false,
    facet: false,
    position,
  }));
}

/** Saves alone, so that a value that is refused keeps no other one from being saved, and is told where it stands. */
function SavedField({ document, property, readOnly }: { document: DocumentView; property: Property; readOnly: boolean }) {
  const { t } = useTranslation();
  const edit = useEditDocument(document.id);
  const saved = valuesOf(document, property.id);
  // Shown at once; what the server says replaces it.
  const values = edit.isPending ? (edit.variables.properties?.[property.id] ?? []) : saved;
  const error = edit.error ? errorText(t, edit.error) : undefined;
  return (
    <PropertyField
      property={property}
      values={values}
      readOnly={readOnly}
      error={error}
      onSave={(next) => edit.mutate({ properties: { [property.id]: next.length > 0 ? next : null } })}
    />
  );
}

function SavedTags({ document, readOnly }: { document: DocumentView; readOnly: boolean }) {
  const { t } = useTranslation();
  const edit = useEditDocument(document.id);
  const tags = edit.isPending ? (edit.variables.tags ?? []) : (document.tags ?? []);
  if (readOnly && tags.length === 0) return null;
  return (
    <TagsField
      folderId={document.path[0]?.id ?? document.folder_id}
      label={t('records.tags')}
      tags={tags}
      readOnly={readOnly}
      error={edit.error ? errorText(t, edit.error) : undefined}
      onChange={(next) => edit.mutate({ tags: next })}
    />
  );
}

function Facts({ document }: { document: DocumentView }) {
  const { t } = useTranslation();
  const folder = document.path.at(-1);
  return (
    <dl className={classes.facts}>
      <dt>{t('records.column.level')}</dt>
      <dd>
        <Level document={document} />
      </dd>
      {folder && (
        <>
          <dt>{t('records.column.folder')}</dt>
          <dd>
            <Anchor component={Link} to={`/folders/${folder.id}`} size="sm">
              {document.path.map((one) => one.name).join(' / ')}
            </Anchor>
          </dd>
        </>
      )}
      {document.kind === 'file' && (
        <>
          <dt>{t('records.column.size')}</dt>
          <dd>{formatBytes(document.size_bytes)}</dd>
        </>
      )}
      {document.page_count != null && document.page_count > 0 && (
        <>
          <dt>{t('records.pageCount')}</dt>
          <dd>{document.page_count}</dd>
        </>
      )}
      <dt>{t('records.column.created')}</dt>
      <dd>
        {document.created_by.name} · {formatTime(document.created_at)}
      </dd>
      <dt>{t('records.column.updated')}</dt>
      <dd>
        {document.updated_by.name} · {formatTime(document.updated_at)}
      </dd>
    </dl>
  );
}

function Level({ document }: { document: DocumentView }) {
  const { t } = useTranslation();
  const { clearance } = useCurrentUser();
  const edit = useEditDocument(document.id);
  const [level, setLevel] = useState<number>();
  if (!document.abilities.includes('set_level')) return t(`common.level.${document.level as 0}`);
  return (
    <Select
      aria-label={t('records.column.level')}
      size="xs"
      w={110}
      allowDeselect={false}
      value={String(edit.isPending ? level : document.level)}
      data={LEVELS.map((value) => ({ value: String(value), label: t(`common.level.${value}`), disabled: value > clearance }))}
      error={edit.error ? errorText(t, edit.error) : undefined}
      onChange={(value) => {
        setLevel(Number(value));
        edit.mutate({ level: Number(value) });
      }}
      comboboxProps={{ withinPortal: true }}
    />
  );
}
