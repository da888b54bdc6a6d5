import { Anchor, Badge } from '@mantine/core';
import type { CSSProperties, MouseEvent, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { DocumentView } from '../../../api/types';
import { FileIcon } from '../../documents/FileIcon';
import type { Column } from '../columns';
import { propertyId } from '../columns';
import { valuesOf, type Property } from '../types';
import { cellText, columnLabel } from './cells';
import classes from './table.module.css';

interface Props {
  id: string;
  role: string;
  'aria-rowindex': number;
  'aria-selected': boolean;
  style: CSSProperties;
  onClick: (event: MouseEvent) => void;
  check: ReactNode;
  document: DocumentView;
  columns: Column[];
  properties: Property[];
}

/** A record where a table has no room: its name, and of the chosen columns those that say something. */
export function Card({ check, document, columns, properties, ...row }: Props) {
  const { t } = useTranslation();
  const facts = columns
    .filter(({ key }) => key !== 'name' && key !== 'tags')
    .map(({ key }) => ({ key, label: columnLabel(t, key, properties), text: cellText(t, key, document) }))
    .filter(({ text }) => text !== '' && text !== '—');
  const missing = properties.filter((one) => one.required && valuesOf(document, one.id).length === 0);
  return (
    <div {...row} className={classes.card}>
      <div role="gridcell" className={classes.cardCheck}>
        {check}
      </div>
      <div role="rowheader" className={classes.cardBody}>
        <span className={classes.cardTitle}>
          <FileIcon kind={document.kind} mediaType={document.media_type} name={document.name} size={18} />
          <Anchor component={Link} to={`/documents/${document.id}`} className={classes.link}>
            {document.name}
          </Anchor>
        </span>
        <span className={classes.facts}>
          {facts.map(({ key, label, text }) => (
            <span key={key} className={classes.fact}>
              {propertyId(key) !== null && <span className={classes.factLabel}>{label}</span>}
              {text}
            </span>
          ))}
        </span>
        <span className={classes.cardTags}>
          {missing.length > 0 && <span className={classes.missing}>{t('records.missingShort', { count: missing.length })}</span>}
          {(document.tags ?? []).map((tag) => (
            <Badge key={tag} size="sm" variant="light" tt="none" fw={500} className={classes.tag}>
              {tag}
            </Badge>
          ))}
        </span>
      </div>
    </div>
  );
}
