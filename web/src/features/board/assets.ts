// Where does the drawing area get its fonts? From this server, where the build puts them (see vite.config.ts). Imported
// before the drawing area, which otherwise asks a public server.
declare global {
  interface Window {
    EXCALIDRAW_ASSET_PATH?: string | string[];
  }
}

window.EXCALIDRAW_ASSET_PATH = `${location.origin}/assets/excalidraw/`;

export {};
