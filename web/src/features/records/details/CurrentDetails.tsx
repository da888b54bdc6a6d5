import type { DocumentView } from '../../../api/types';
import { useDocument } from '../../documents/api';
import { DetailsPanel } from './DetailsPanel';

/** The details of a document that the surroundings know as it was: what is edited here is shown at once. */
export function CurrentDetails({ document }: { document: DocumentView }) {
  const current = useDocument(document.id);
  return <DetailsPanel document={current.data ?? document} />;
}
