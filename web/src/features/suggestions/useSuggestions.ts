// What does the page show of suggestions? The list, the mode of this window, and who may decide.
import type { Extension } from '@tiptap/core';
import { useEditorState, type Editor } from '@tiptap/react';
import { useState } from 'react';
import { presenceColor } from '../editor/extensions';
import { useCurrentUser } from '../session/api';
import { listSuggestions, type Suggestion } from './list';
import { readSuggestState, SuggestChanges, type SuggestState } from './SuggestChanges';
import './suggestions.css';

/** The editor's part: put it into the editor. */
export function useSuggestChanges(): Extension {
  const user = useCurrentUser();
  const [extension] = useState(() =>
    SuggestChanges.configure({ author: { id: user.id, name: user.display_name }, color: presenceColor }),
  );
  return extension;
}

export interface Suggestions extends SuggestState {
  list: Suggestion[];
}

/** The same list for the same document: it is asked for at every key. */
const listed = new WeakMap<object, Suggestion[]>();

export function useSuggestions(editor: Editor | null): Suggestions {
  return (
    useEditorState({
      editor,
      selector: ({ editor }) => {
        if (!editor) return null;
        const { doc } = editor.state;
        let list = listed.get(doc);
        if (!list) listed.set(doc, (list = listSuggestions(doc)));
        const { isOn, view } = readSuggestState(editor.state);
        return { isOn, view, list };
      },
    }) ?? NONE
  );
}

const NONE: Suggestions = { isOn: false, view: 'all', list: [] };
