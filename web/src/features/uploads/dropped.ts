// Which files did the user drop or pick, and in which folders do they belong?

/** One chosen file and the folders above it, seen from the drop target. */
export interface ChosenFile {
  file: File;
  folders: string[];
}

/** Everything chosen at once; `folders` also names those without a file. */
export interface Selection {
  files: ChosenFile[];
  folders: string[][];
}

// Left behind by operating systems in every folder; nobody means to upload them.
const LITTER = new Set(['.ds_store', 'thumbs.db', 'desktop.ini']);

function isWanted(name: string): boolean {
  return !LITTER.has(name.toLowerCase());
}

/** Reads a file input; with `webkitdirectory` each file carries its path. */
export function readPicked(list: Iterable<File>): Selection {
  const files: ChosenFile[] = [];
  for (const file of list) {
    if (!isWanted(file.name)) continue;
    const folders = (file.webkitRelativePath || file.name).split('/').slice(0, -1);
    files.push({ file, folders });
  }
  return { files, folders: [] };
}

/** Reads a drop, walking into folders. Must be called in the event handler itself: the browser empties the list afterwards. */
export function readDropped(transfer: DataTransfer): Promise<Selection> {
  const entries: FileSystemEntry[] = [];
  const loose: File[] = [];
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry?.();
    if (entry) entries.push(entry);
    else {
      const file = item.getAsFile();
      if (file) loose.push(file);
    }
  }
  return walk(entries, readPicked(loose));
}

async function walk(entries: FileSystemEntry[], into: Selection, above: string[] = []): Promise<Selection> {
  for (const entry of entries) {
    if (entry.isFile) {
      if (isWanted(entry.name)) into.files.push({ file: await readFile(entry as FileSystemFileEntry), folders: above });
    } else {
      const folders = [...above, entry.name];
      into.folders.push(folders);
      await walk(await readEntries(entry as FileSystemDirectoryEntry), into, folders);
    }
  }
  return into;
}

function readFile(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

async function readEntries(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    // The browser hands out at most a hundred at a time and an empty list at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
