import { lazy, Suspense } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { UnsentNotice } from '../../offline/Unsent';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { Loading } from '../../shared/Loading';
import { useTitle } from '../../shared/useTitle';
import { useDocument } from './api';

const ViewerPage = lazy(async () => ({ default: (await import('../viewer/ViewerPage')).ViewerPage }));
const BoardPage = lazy(async () => ({ default: (await import('../board/BoardPage')).BoardPage }));
const BoardVersion = lazy(async () => ({ default: (await import('../board/BoardVersion')).BoardVersion }));
const EditorPage = lazy(async () => ({ default: (await import('../editor/EditorPage')).EditorPage }));

/** Opens a document: files in the viewer, pages in the editor, boards in theirs. Each is loaded only when needed. */
export function DocumentPage() {
  const { id = '' } = useParams();
  // An old version, of a page too, is read and not edited.
  const version = useSearchParams()[0].get('version');
  const document = useDocument(id);
  useTitle(document.data?.name);
  if (document.isPending) return <Loading />;
  if (!document.data) {
    return (
      <div style={{ padding: 16 }}>
        <ErrorNotice error={document.error} onRetry={() => void document.refetch()} />
        <UnsentNotice documentId={id} />
      </div>
    );
  }
  return (
    <Suspense fallback={<Loading />}>
      {document.data.kind === 'page' && version === null ? (
        <EditorPage key={id} document={document.data} />
      ) : document.data.kind === 'board' && version === null ? (
        <BoardPage key={id} document={document.data} />
      ) : document.data.kind === 'board' && document.data.abilities.includes('download') ? (
        <BoardVersion key={id} document={document.data} number={Number(version)} />
      ) : (
        <ViewerPage key={id} document={document.data} />
      )}
    </Suspense>
  );
}
