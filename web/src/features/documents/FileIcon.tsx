import {
  IconChalkboard,
  IconFile,
  IconFileCode,
  IconFileSpreadsheet,
  IconFileText,
  IconFileTypePdf,
  IconFileTypePpt,
  IconFileWord,
  IconFileZip,
  IconFolder,
  IconMail,
  IconMusic,
  IconNotes,
  IconPhoto,
  IconVideo,
  type Icon,
} from '@tabler/icons-react';

interface Props {
  kind: 'file' | 'page' | 'board' | 'folder';
  mediaType?: string;
  name?: string;
  size?: number;
}

// First match wins; matched against the media type and, for vague types, the end of the name.
const RULES: [RegExp, Icon, string][] = [
  [/pdf|ofd/, IconFileTypePdf, 'red'],
  [/wordprocessing|msword|opendocument\.text|rtf|\.(docx?m?|odt|rtf|wps)$/, IconFileWord, 'blue'],
  [/spreadsheet|ms-excel|csv|\.(xlsx?m?|ods|csv|et)$/, IconFileSpreadsheet, 'green'],
  [/presentation|powerpoint|\.(pptx?m?|odp|dps)$/, IconFileTypePpt, 'orange'],
  [/message\/|outlook|\.(eml|msg)$/, IconMail, 'violet'],
  [/^image\//, IconPhoto, 'grape'],
  [/^video\//, IconVideo, 'pink'],
  [/^audio\//, IconMusic, 'pink'],
  [/zip|compressed|x-tar|gzip|zstd|7z|rar/, IconFileZip, 'yellow'],
  [/html|xml|json|javascript|x-sh/, IconFileCode, 'teal'],
  [/^text\//, IconFileText, 'gray'],
];

/** A small picture of what kind of document this is; decoration beside the name. */
export function FileIcon({ kind, mediaType = '', name = '', size = 22 }: Props) {
  const [Icon, color] = choose(kind, mediaType, name);
  return <Icon size={size} stroke={1.6} color={`var(--mantine-color-${color}-6)`} aria-hidden style={{ flex: 'none' }} />;
}

function choose(kind: Props['kind'], mediaType: string, name: string): [Icon, string] {
  if (kind === 'folder') return [IconFolder, 'ink'];
  if (kind === 'page') return [IconNotes, 'ink'];
  if (kind === 'board') return [IconChalkboard, 'ink'];
  const rule = RULES.find(([pattern]) => pattern.test(mediaType)) ?? RULES.find(([pattern]) => pattern.test(name.toLowerCase()));
  return rule ? [rule[1], rule[2]] : [IconFile, 'gray'];
}
