// What stands in one cell of a records view?
import { Badge, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import i18next from 'i18next';
import { useTranslation } from 'react-i18next';
import type { DocumentView } from '../../../api/types';
import { formatBytes, formatTime, formatShortTime } from '../../../shared/format';
import { propertyId } from '../columns';
import { valuesOf, type Property } from '../types';
import classes from './table.module.css';

/** What a column is called. */
export function columnLabel(t: TFunction, key: string, properties: Property[]): string {
  const id = propertyId(key);
  if (id !== null) return properties.find((one) => one.id === id)?.name ?? '';
  return key === 'name' ? t('common.name') : t(`records.column.${key}` as 'records.column.tags');
}

/** What a kind of document is called: pages and boards by their kind, files by the end of their name. */
export function typeText(t: TFunction, document: DocumentView): string {
  if (document.kind !== 'file') return t(`records.kind.${document.kind}`);
  const ending = /\.([a-z0-9]{1,5})$/i.exec(document.name)?.[1];
  return ending ? ending.toUpperCase() : document.media_type;
}

/** The same as people read it in one line, for cards and for the tip over a cell that is too narrow. */
export function cellText(t: TFunction, key: string, document: DocumentView): string {
  const id = propertyId(key);
  if (id !== null) return valuesOf(document, id).join(t('records.listComma'));
  switch (key) {
    case 'name':
      return document.name;
    case 'tags':
      return (document.tags ?? []).join(t('records.listComma'));
    case 'level':
      return t(`common.level.${document.level as 0}`);
    case 'author':
      return document.updated_by.name;
    case 'updated':
      return formatShortTime(document.updated_at);
    case 'created':
      return formatShortTime(document.created_at);
    case 'size':
      return document.kind === 'file' ? formatBytes(document.size_bytes) : '—';
    case 'type':
      return typeText(t, document);
    case 'folder':
      return document.path.map((one) => one.name).join(' / ');
    default:
      return '';
  }
}

const LEVEL_COLORS = ['gray', 'blue', 'orange', 'red'];

export function Cell({ column, document, property }: { column: string; document: DocumentView; property: Property | undefined }) {
  const { t } = useTranslation();
  if (column === 'tags') return <Tags tags={document.tags ?? []} />;
  if (column === 'level') {
    return (
      <Badge variant={document.level > 1 ? 'light' : 'transparent'} px={document.level > 1 ? undefined : 0} color={LEVEL_COLORS[document.level] ?? 'gray'} size="sm" tt="none" fw={500}>
        {t(`common.level.${document.level as 0}`)}
      </Badge>
    );
  }
  const text = cellText(t, column, document);
  if (property && text === '') {
    return property.required ? (
      <Text size="xs" className={classes.missing}>
        {t('records.notFilled')}
      </Text>
    ) : null;
  }
  if (property?.kind === 'choices') return <Tags tags={valuesOf(document, property.id)} color="gray" />;
  const isTime = column === 'updated' || column === 'created';
  const title = isTime ? formatTime(column === 'updated' ? document.updated_at : document.created_at) : text;
  const isNumber = property?.kind === 'number' || property?.kind === 'date' || isTime || column === 'size';
  return (
    <span className={classes.value} title={title} data-number={isNumber || undefined} data-quiet={(!property && column !== 'author') || undefined}>
      {text}
    </span>
  );
}

function Tags({ tags, color }: { tags: string[]; color?: string }) {
  if (tags.length === 0) return null;
  return (
    <span className={classes.tags} title={tags.join(i18next.t('records.listComma'))}>
      {tags.map((tag) => (
        <Badge key={tag} size="sm" variant="light" color={color} tt="none" fw={500} className={classes.tag}>
          {tag}
        </Badge>
      ))}
    </span>
  );
}
