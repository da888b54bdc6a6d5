// The drawing area on a room: what is drawn goes into the shared document in small portions, what arrives is shown.
import './assets';
import { CaptureUpdateAction, Excalidraw, FONT_FAMILY, MainMenu, restoreElements } from '@excalidraw/excalidraw';
import '@excalidraw/excalidraw/index.css';
import type { OrderedExcalidrawElement } from '@excalidraw/excalidraw/element/types';
import type { AppState, ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types';
import { useComputedColorScheme } from '@mantine/core';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as Y from 'yjs';
import type { DocumentView } from '../../api/types';
import type { Presence } from '../editor/extensions';
import type { Room } from '../editor/room';
import { ElementsBinding, type Properties, type Scene } from './binding';
import classes from './board.module.css';
import { Pictures } from './pictures';
import { collaborators, MyPresence } from './presence';

/** What is drawn is shared so often. */
const WRITE_MS = 80;
/** A stroke of the pen is shared whole, but no later than this while it is being drawn. */
const STROKE_MS = 1_000;

interface Props {
  document: DocumentView;
  room: Room;
  user: Presence;
  editable: boolean;
  /** Told when something drawn is not in the shared document yet, and when it is. */
  onBehind: (behind: boolean) => void;
  onPictureError: (error: unknown) => void;
}

type Element = OrderedExcalidrawElement;

/** Everything between one drawing area and one room. */
class Session {
  private readonly binding: ElementsBinding<Element>;
  private readonly pictures: Pictures;
  private readonly presence: MyPresence;
  private readonly settings: Y.Map<Properties>;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private strokeSince = 0;

  constructor(
    private readonly api: ExcalidrawImperativeAPI,
    private readonly room: Room,
    boardId: string,
    user: Presence,
    private readonly mayEdit: () => boolean,
    private readonly onBehind: (behind: boolean) => void,
    onPictureError: (error: unknown) => void,
  ) {
    this.pictures = new Pictures(boardId, room.doc, api, this.handleStored, onPictureError);
    const scene: Scene<Element> = {
      read: () => api.getSceneElementsIncludingDeleted(),
      show: (elements) => api.updateScene({ elements, captureUpdate: CaptureUpdateAction.NEVER }),
      // Repaired as any file that is opened: what others send must not break the drawing area.
      build: (properties) => (restoreElements([properties as never], null)[0] as Element | undefined) ?? null,
      held: () => this.held(api.getAppState()),
    };
    this.binding = new ElementsBinding(
      room.doc,
      scene,
      (element) => this.pictures.isReady(element),
      (element) => ({ ...element, ...(element.type === 'image' ? { status: 'saved' } : {}) }),
    );
    this.settings = room.doc.getMap('settings');
    this.settings.observe(this.handleSettings);
    this.handleSettings();
    room.doc.getMap('files').observe(this.handleFiles);
    this.presence = new MyPresence(room.provider.awareness, user);
    room.provider.awareness.on('change', this.handleAwareness);
    this.handleAwareness();
    this.pictures.exchange(scene.read(), false);
    if (api.getSceneElements().length > 0) api.scrollToContent(undefined, { fitToViewport: true, viewportZoomFactor: 0.8, maxZoom: 1 });
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.write(true);
    this.binding.destroy();
    this.presence.destroy();
    this.settings.unobserve(this.handleSettings);
    this.room.doc.getMap('files').unobserve(this.handleFiles);
    this.room.provider.awareness.off('change', this.handleAwareness);
  }

  handleChange(state: AppState): void {
    this.presence.select(state.selectedElementIds);
    if (!this.mayEdit()) return;
    this.shareBackground(state.viewBackgroundColor);
    if (!this.binding.isBehind && !this.drawing.size) return;
    this.onBehind(true);
    this.timer ??= setTimeout(() => this.write(), WRITE_MS);
  }

  handlePointer(pointer: { x: number; y: number; tool: 'pointer' | 'laser' }, button: 'up' | 'down'): void {
    this.presence.point(pointer, button);
  }

  /** Puts what is drawn into the document; `all`: also what is still under the pen. */
  write(all = false): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.mayEdit()) return;
    this.settleDrawn();
    this.leaving = all;
    this.binding.write();
    this.leaving = false;
    this.pictures.exchange(this.api.getSceneElementsIncludingDeleted(), true);
    const behind = this.binding.isBehind || this.pictures.isUploading || this.drawing.size > 0;
    this.onBehind(behind);
    if (behind && !all) this.timer = setTimeout(() => this.write(), WRITE_MS * 2);
  }

  private leaving = false;

  /** Elements that were shared while they were being drawn. */
  private readonly drawing = new Set<string>();

  private settleDrawn(): void {
    const now = drawnNow(this.api.getAppState());
    for (const id of this.drawing) {
      if (now.includes(id)) continue;
      this.drawing.delete(id);
      this.binding.drop(id);
    }
  }

  /** A new stroke is written whole, not growing with each movement; what is being typed or stretched is written as it is,
      but nobody else may replace it meanwhile. */
  private held(state: AppState): Set<string> {
    const held = new Set<string>();
    if (this.leaving) return held;
    drawnNow(state).forEach((id) => this.drawing.add(id));
    const stroke = state.newElement?.type === 'freedraw' ? state.newElement : null;
    if (stroke) {
      this.strokeSince ||= Date.now();
      if (Date.now() - this.strokeSince < STROKE_MS) held.add(stroke.id);
      else this.strokeSince = Date.now();
    } else this.strokeSince = 0;
    return held;
  }

  private shareBackground(color: string): void {
    const shared = this.settings.get('board')?.viewBackgroundColor;
    if (color === this.background) return;
    this.background = color;
    if (shared !== color) this.settings.set('board', { viewBackgroundColor: color });
  }

  private background = '';

  private handleSettings = () => {
    const color = this.settings.get('board')?.viewBackgroundColor;
    if (typeof color !== 'string' || color === this.api.getAppState().viewBackgroundColor) {
      this.background ||= this.api.getAppState().viewBackgroundColor;
      return;
    }
    this.background = color;
    this.api.updateScene({ appState: { viewBackgroundColor: color }, captureUpdate: CaptureUpdateAction.NEVER });
  };

  private handleFiles = () => {
    this.pictures.exchange(this.api.getSceneElementsIncludingDeleted(), false);
  };

  private handleStored = () => this.write();

  private handleAwareness = () => {
    this.api.updateScene({ collaborators: collaborators(this.room.provider.awareness) });
  };

  /** Fetches pictures of elements that have arrived. */
  fetchPictures(): void {
    this.handleFiles();
  }
}

/** Elements being drawn or stretched: when they come to nothing, the drawing area drops them without a word. */
function drawnNow(state: AppState): string[] {
  return [state.newElement, state.multiElement, state.resizingElement].flatMap((element) => (element ? [element.id] : []));
}

export function Canvas({ document, room, user, editable, onBehind, onPictureError }: Props) {
  const { i18n } = useTranslation();
  const theme = useComputedColorScheme('light');
  const session = useRef<Session | null>(null);
  const [api, setApi] = useState<ExcalidrawImperativeAPI | null>(null);
  // The drawing area empties itself once more after it has told of itself: it is joined to the room when it is done.
  const [ready, setReady] = useState(false);
  const mayEdit = useRef(editable);
  const tell = useRef({ onBehind, onPictureError });
  useEffect(() => {
    mayEdit.current = editable;
    tell.current = { onBehind, onPictureError };
  });

  useEffect(() => {
    if (!api || !ready) return;
    const joined = new Session(
      api,
      room,
      document.id,
      user,
      () => mayEdit.current,
      (behind) => tell.current.onBehind(behind),
      (error) => tell.current.onPictureError(error),
    );
    session.current = joined;
    const flush = () => joined.write(true);
    window.addEventListener('pagehide', flush);
    return () => {
      window.removeEventListener('pagehide', flush);
      session.current = null;
      joined.destroy();
    };
  }, [api, ready, room, document.id, user]);

  const handleChange = useCallback((_elements: readonly Element[], state: AppState) => {
    if (state.isLoading) return;
    if (!session.current) return setReady(true);
    session.current.handleChange(state);
    session.current.fetchPictures();
  }, []);

  return (
    <div className={classes.canvas}>
      <Excalidraw
        excalidrawAPI={setApi}
        onChange={handleChange}
        onPointerUpdate={({ pointer, button }) => session.current?.handlePointer(pointer, button)}
        initialData={{ appState: { currentItemFontFamily: FONT_FAMILY.Nunito } }}
        isCollaborating
        autoFocus
        // The board is all there is on this page: its keys work wherever the last click was, except in a field.
        handleKeyboardGlobally
        viewModeEnabled={!editable}
        theme={theme}
        langCode={i18n.language === 'en' ? 'en' : 'zh-CN'}
        name={document.name}
        // Nothing is shown from other places: an intranet has none, and a frame would tell them who reads this.
        validateEmbeddable={false}
        aiEnabled={false}
        UIOptions={{ canvasActions: { loadScene: false, toggleTheme: false, saveToActiveFile: false } }}
      >
        <MainMenu>
          <MainMenu.DefaultItems.SaveAsImage />
          <MainMenu.DefaultItems.Export />
          <MainMenu.DefaultItems.SearchMenu />
          <MainMenu.DefaultItems.Help />
          {editable && (
            <>
              <MainMenu.Separator />
              <MainMenu.DefaultItems.ClearCanvas />
              <MainMenu.DefaultItems.ChangeCanvasBackground />
            </>
          )}
        </MainMenu>
      </Excalidraw>
    </div>
  );
}
