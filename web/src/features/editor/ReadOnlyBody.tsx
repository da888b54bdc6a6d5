import { createElement, useEffect, useMemo, useReducer, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type * as Y from 'yjs';
import { bodyPieces, type Piece } from './bodyTree';
import classes from './readOnly.module.css';

/** A page without an editor: shows all of it, also what this client has no form for, and touches nothing. */
export function ReadOnlyBody({ doc }: { doc: Y.Doc }) {
  const { t } = useTranslation();
  const [revision, changed] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    doc.on('afterTransaction', changed);
    return () => doc.off('afterTransaction', changed);
  }, [doc]);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the document is the same object in another state
  const pieces = useMemo(() => bodyPieces(doc.getXmlFragment('default')), [doc, revision]);
  const show = (piece: Piece, key: number): ReactNode => {
    if (typeof piece === 'string') return piece;
    const inner = piece.children.map(show);
    if (piece.unknown) {
      return (
        <div key={key} className={classes.unknown} data-unknown={piece.unknown}>
          <div className={classes.label}>{t('editor.unknownPart', { name: piece.unknown })}</div>
          {inner}
        </div>
      );
    }
    const rows = piece.tag === 'table' ? <tbody>{inner}</tbody> : undefined;
    return createElement(piece.tag, { key, ...reactNames(piece.attributes) }, rows ?? (inner.length > 0 ? inner : undefined));
  };
  return (
    <article className={`tiptap ${classes.body}`} aria-label={t('editor.label')}>
      {pieces.map(show)}
    </article>
  );
}

function reactNames({ colspan, rowspan, ...rest }: Record<string, string>) {
  return { ...rest, ...(colspan && { colSpan: Number(colspan) }), ...(rowspan && { rowSpan: Number(rowspan) }) };
}
