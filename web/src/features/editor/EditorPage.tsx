import { ActionIcon, Alert, Breadcrumbs, Group, Text, Tooltip } from '@mantine/core';
import { IconHistory, IconInfoCircle, IconListTree, IconMessage, IconPencilCheck, IconPrinter } from '@tabler/icons-react';
import type { Extensions } from '@tiptap/core';
import { EditorContent, useEditorState, type Editor } from '@tiptap/react';
import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import type { DocumentView } from '../../api/types';
import { codeText } from '../../i18n/errorText';
import { Loading } from '../../shared/Loading';
import { CommentButton } from '../comments/CommentButton';
import { CommentsPanel } from '../comments/CommentsPanel';
import { useCommentAddress } from '../comments/useCommentAddress';
import { useCommentRanges, useComments } from '../comments/useComments';
import { DetailsPanel } from '../records/details/DetailsPanel';
import { SuggestionHover } from '../suggestions/SuggestionHover';
import { SuggestionsPanel } from '../suggestions/SuggestionsPanel';
import { SuggestTool } from '../suggestions/SuggestTool';
import { useSuggestChanges, useSuggestions } from '../suggestions/useSuggestions';
import { ExportMenu } from '../exchange/ExportMenu';
import { VersionsDrawer } from '../versions/VersionsDrawer';
import { CodeBubble } from './bubbles/CodeBubble';
import { LinkBubble } from './bubbles/LinkBubble';
import { PictureBubble } from './bubbles/PictureBubble';
import { TableBubble } from './bubbles/TableBubble';
import './content.css';
import classes from './editor.module.css';
import { FindBar } from './find/FindBar';
import { useFindOfAddress } from './find/useFindOfAddress';
import { Outline } from './outline/Outline';
import { Presences } from './Presences';
import { NewerPage } from './NewerPage';
import './print/print.css';
import { printTextOnly } from './print/printCopy';
import type { Room } from './room';
import { RescueButton, SaveState } from './SaveState';
import { PanelButtons, SidePanel, type Panel } from './SidePanel';
import { Shortcuts } from './status/Shortcuts';
import { StatusBar } from './status/StatusBar';
import { Title } from './Title';
import { Toolbar, type ToolGroup } from './toolbar/Toolbar';
import { useEditorSchema, useLiveRoom } from './useLiveRoom';
import { usePageEditor } from './usePageEditor';
import { TemplateDialog, useTemplateOfAddress } from './useTemplate';

interface Props {
  document: DocumentView;
}

/** Joins the room for as long as the page is shown. */
export function EditorPage({ document }: Props) {
  const live = useLiveRoom(document.id);
  if (!live) return <Loading />;
  if (live.newer) return <NewerPage document={document} live={live} />;
  return <Editing key={document.id} document={document} room={live.room} />;
}

/** Whose margins and fonts the sheet has: a page with a part of an official document is one. */
function useSheet(editor: Editor | null): 'plain' | 'official' {
  const official = useEditorState({
    editor,
    selector: ({ editor }) => {
      let found = false;
      editor?.state.doc.forEach((node) => {
        found ||= String(node.attrs.styleName ?? '').startsWith('official-');
      });
      return found;
    },
  });
  return official ? 'official' : 'plain';
}

/** Ctrl+F and Ctrl+/ work wherever the page has the focus, also for those who only read. */
function usePageKeys(editor: Editor | null, onShortcuts: () => void): void {
  useEffect(() => {
    const handleKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.defaultPrevented || !editor) return;
      const target = event.target as HTMLElement;
      if (target !== document.body && !target.closest('[data-editor-page]')) return;
      if (event.key.toLowerCase() === 'f') editor.commands.openFind('find');
      else if (event.key === '/') onShortcuts();
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', handleKey);
    return () => window.removeEventListener('keydown', handleKey);
  }, [editor, onShortcuts]);
}

/** Tells the style sheet how much of the window the head covers. */
function useHeadHeight() {
  const page = useRef<HTMLDivElement>(null);
  const head = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!head.current) return;
    const observer = new ResizeObserver(() => page.current?.style.setProperty('--editor-head', `${head.current?.offsetHeight ?? 0}px`));
    observer.observe(head.current);
    return () => observer.disconnect();
  });
  return { page, head };
}

function Editing({ document, room }: Props & { room: Room }) {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const snapshot = useSyncExternalStore(room.subscribe, room.read);
  const [showVersions, setShowVersions] = useState(params.get('panel') === 'versions');
  const [showShortcuts, setShowShortcuts] = useState(false);
  const [showTemplates, setShowTemplates] = useState(false);
  const [openPanel, setOpenPanel] = useState<string | null>(null);
  // Before the text has arrived there is nothing to edit; what the server ended is not to be written into either.
  const editable = document.abilities.includes('edit') && snapshot.loaded && snapshot.state !== 'closed';

  // Other features hook in here: extensions of the editor, groups of tools, panels beside the text.
  const commentRanges = useCommentRanges();
  const suggestChanges = useSuggestChanges();
  const [extra] = useState<Extensions>(() => [commentRanges.extension, suggestChanges]);

  const { editor, addPictures } = usePageEditor({ document, room, editable, extra });
  useEditorSchema(room, editor);
  const suggestions = useSuggestions(editor);
  const [showComments] = useState(() => () => setOpenPanel('comments'));
  const comments = useComments({ document, editor, link: commentRanges.link, loaded: snapshot.loaded, onShow: showComments });
  useCommentAddress(comments, showComments);
  const sheet = useSheet(editor);
  const sheetNow = useRef(sheet);
  useEffect(() => {
    sheetNow.current = sheet;
  }, [sheet]);
  useEffect(() => printTextOnly(() => (editor?.isDestroyed ? null : (editor?.view.dom ?? null)), () => sheetNow.current), [editor]);
  const [openShortcuts] = useState(() => () => setShowShortcuts(true));
  usePageKeys(editor, openShortcuts);
  useTemplateOfAddress(editor, editable);
  useFindOfAddress(editor, snapshot.loaded);
  const { page, head } = useHeadHeight();

  if (!editor) return <Loading />;
  const tools: ToolGroup[] = [{ id: 'suggest', width: 36, tools: <SuggestTool editor={editor} isOn={suggestions.isOn} /> }];
  const panels: Panel[] = [
    {
      id: 'outline',
      label: t('editor.outline'),
      icon: <IconListTree size={20} />,
      render: ({ narrow, close }) => <Outline editor={editor} onGo={narrow ? close : undefined} />,
    },
    {
      id: 'suggestions',
      label: t('suggestions.title'),
      icon: <IconPencilCheck size={20} />,
      count: suggestions.list.length,
      render: ({ narrow, close }) => (
        <SuggestionsPanel editor={editor} suggestions={suggestions} mayDecide={editable} onGone={narrow ? close : undefined} />
      ),
    },
  ];
  if (comments) {
    panels.push({
      id: 'comments',
      label: t('comments.title'),
      icon: <IconMessage size={20} />,
      count: comments.threads.filter((thread) => thread.resolvedAt === null).length,
      render: ({ narrow, close }) => (
        <CommentsPanel document={document.id} comments={comments} onGone={narrow ? close : undefined} />
      ),
    });
  }
  panels.push({ id: 'details', label: t('records.details'), icon: <IconInfoCircle size={20} />, render: () => <DetailsPanel document={document} /> });
  return (
    <div className={classes.page} ref={page} data-editor-page>
      <div className={classes.head} ref={head} data-editor-head>
        <Group px="md" py={6} gap="xs" wrap="wrap">
          <Breadcrumbs visibleFrom="md">
            {document.path.map((folder) => (
              <Text key={folder.id} component={Link} to={`/folders/${folder.id}`} size="sm" c="dimmed">
                {folder.name}
              </Text>
            ))}
          </Breadcrumbs>
          <Title key={document.name} document={document} />
          <Presences room={room} />
          <SaveState room={snapshot} />
          <Group gap={2} wrap="nowrap">
            <PanelButtons panels={panels} open={openPanel} onOpen={setOpenPanel} />
            <ExportMenu document={document} />
            <Tooltip label={t('editor.print')}>
              <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('editor.print')} onClick={() => window.print()} visibleFrom="sm">
                <IconPrinter size={20} />
              </ActionIcon>
            </Tooltip>
            <Tooltip label={t('versions.title')}>
              <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('versions.title')} onClick={() => setShowVersions(true)}>
                <IconHistory size={20} />
              </ActionIcon>
            </Tooltip>
          </Group>
        </Group>
        {snapshot.refusal && (
          <Alert color="red" mx="md" mb="xs">
            <Group justify="space-between">
              {codeText(t, snapshot.refusal.code, snapshot.refusal.message)}
              {snapshot.dirty && <RescueButton name={document.name} doc={room.doc} />}
            </Group>
          </Alert>
        )}
        {editable && <Toolbar editor={editor} onPictures={addPictures} onTemplate={() => setShowTemplates(true)} extra={tools} />}
        <FindBar editor={editor} editable={editable} />
      </div>
      {!snapshot.loaded && snapshot.state !== 'closed' && <Loading />}
      <div className={classes.body} hidden={!snapshot.loaded}>
        <div className={classes.desk}>
          <EditorContent editor={editor} className={`${classes.sheet} page-text`} data-sheet={sheet} />
        </div>
        <SidePanel panels={panels} open={openPanel} onOpen={setOpenPanel} />
      </div>
      {comments?.mayWrite && <CommentButton editor={editor} onBegin={comments.begin} />}
      <SuggestionHover editor={editor} suggestions={suggestions} mayDecide={editable} />
      <StatusBar editor={editor} onShortcuts={openShortcuts} />
      {editable && (
        <>
          <LinkBubble editor={editor} />
          <PictureBubble editor={editor} />
          <TableBubble editor={editor} />
          <CodeBubble editor={editor} />
          <TemplateDialog editor={editor} opened={showTemplates} onClose={() => setShowTemplates(false)} />
        </>
      )}
      <Shortcuts opened={showShortcuts} onClose={() => setShowShortcuts(false)} />
      <VersionsDrawer document={document} opened={showVersions} onClose={() => setShowVersions(false)} />
    </div>
  );
}
