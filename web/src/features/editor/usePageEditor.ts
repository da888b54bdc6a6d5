// The editor of a page: its extensions, and what happens to what is pasted or dropped into it.
import { notifications } from '@mantine/notifications';
import type { Editor, Extensions } from '@tiptap/core';
import { useEditor } from '@tiptap/react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { DocumentView } from '../../api/types';
import { errorText } from '../../i18n/errorText';
import { useCurrentUser } from '../session/api';
import { editorExtensions, presenceColor } from './extensions';
import { isPicture, uploadPicture } from './images';
import { findColleagues } from './mention/api';
import { pasteHtml } from './paste/paste';
import { insertPictures } from './pictures';
import type { Room } from './room';

interface Options {
  document: DocumentView;
  room: Room;
  editable: boolean;
  /** Extensions of other features. */
  extra?: Extensions;
}

export function usePageEditor({ document, room, editable, extra }: Options) {
  const { t } = useTranslation();
  const user = useCurrentUser();
  const current = useRef<Editor | null>(null);

  const upload = (file: File) => uploadPicture(file, document.id);
  const handleError = (file: File, error: unknown) => notifications.show({ color: 'red', title: file.name, message: errorText(t, error) });
  const addPictures = (files: File[], at?: number) => {
    if (current.current) insertPictures(current.current, files, { upload, onError: handleError, at });
  };

  const editor = useEditor({
    extensions: editorExtensions({
      room,
      user: { id: user.id, name: user.display_name, color: presenceColor(user.id) },
      texts: { placeholder: t('editor.placeholder'), pageBreak: t('editor.pageBreak'), task: t('editor.taskDone') },
      mention: { find: findColleagues, texts: { label: t('editor.mention'), nobody: t('editor.mentionNobody') } },
      extra,
    }),
    editable: false,
    editorProps: {
      // A text box that takes nothing says so, also while the text is still on its way.
      attributes: { 'aria-label': t('editor.label'), role: 'textbox', 'aria-multiline': 'true', 'aria-readonly': String(!editable) },
      handlePaste: (view, event) => {
        const data = event.clipboardData;
        if (!data || !current.current) return false;
        // Word puts a picture of the text beside the text: the text is what was meant.
        if (data.types.includes('text/html')) {
          return pasteHtml(current.current, view, data, {
            upload,
            onError: handleError,
            onLost: (count) => notifications.show({ color: 'yellow', message: t('editor.picturesLost', { count }) }),
          });
        }
        const pictures = [...data.files].filter(isPicture);
        if (pictures.length === 0) return false;
        addPictures(pictures);
        return true;
      },
      handleDrop: (view, event) => {
        const pictures = [...(event.dataTransfer?.files ?? [])].filter(isPicture);
        if (pictures.length === 0) return false;
        event.preventDefault();
        addPictures(pictures, view.posAtCoords({ left: event.clientX, top: event.clientY })?.pos);
        return true;
      },
    },
  });

  useEffect(() => {
    current.current = editor;
    if (editor && editor.isEditable !== editable) editor.setEditable(editable);
  }, [editor, editable]);

  return { editor, addPictures };
}
