// Word and WPS hand over HTML whose pictures lie in a folder that a browser may not read. The same text as RTF has them inside.

/** Where the group that begins before `start` ends. */
function groupEnd(rtf: string, start: number): number {
  let depth = 1;
  for (let at = start; at < rtf.length; at += 1) {
    const character = rtf[at];
    if (character === '\\') at += 1;
    else if (character === '{') depth += 1;
    else if (character === '}' && (depth -= 1) === 0) return at;
  }
  return rtf.length;
}

/** What stands in a group itself and not in the groups inside it. */
function ownText(group: string): string {
  let depth = 0;
  let own = '';
  for (const part of group.split(/([{}])/)) {
    if (part === '{') depth += 1;
    else if (part === '}') depth -= 1;
    else if (depth === 0) own += part;
  }
  return own;
}

function base64(hex: string): string {
  let bytes = '';
  for (let at = 0; at + 1 < hex.length; at += 2) bytes += String.fromCharCode(Number.parseInt(hex.slice(at, at + 2), 16));
  return btoa(bytes);
}

/** The pictures of the text in their order, as data URIs; `null` for one in a format that no browser shows. */
export function picturesInRtf(rtf: string): (string | null)[] {
  const pictures: (string | null)[] = [];
  const opening = /\{\\\*\\listpicture|\{\\nonshppict|\{\\pict\b/g;
  for (let match = opening.exec(rtf); match; match = opening.exec(rtf)) {
    const end = groupEnd(rtf, opening.lastIndex);
    if (match[0] === '{\\pict') {
      const own = ownText(rtf.slice(opening.lastIndex, end));
      const kind = /\\(png|jpeg)blip/.exec(own)?.[1];
      const hex = own.replace(/\\[a-z]+-?\d* ?/g, '').replace(/[^\da-f]/gi, '');
      pictures.push(kind && hex.length > 16 ? `data:image/${kind};base64,${base64(hex)}` : null);
    }
    // Bullets that are pictures, and the copies for old readers, are skipped with all that is in them.
    opening.lastIndex = end;
  }
  return pictures;
}
