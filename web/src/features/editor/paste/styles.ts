// Inline styles as office programs write them: read by hand, because a browser throws away every `mso-…` it does not know.

export type Styles = Map<string, string>;

/** The declarations of a `style` attribute, names in lower case. A `;` in quotes ends nothing. */
export function readStyles(element: Element): Styles {
  const styles: Styles = new Map();
  for (const declaration of element.getAttribute('style')?.match(/(?:[^;"']|"[^"]*"|'[^']*')+/g) ?? []) {
    const colon = declaration.indexOf(':');
    if (colon > 0) styles.set(declaration.slice(0, colon).trim().toLowerCase(), declaration.slice(colon + 1).trim());
  }
  return styles;
}

/** A length in points. */
export function points(length: string | undefined): number | null {
  const match = /^(-?[\d.]+)\s*(pt|px|cm|mm|in|em)?$/.exec(length?.trim() ?? '');
  if (!match) return null;
  const factor = { pt: 1, px: 0.75, cm: 28.35, mm: 2.835, in: 72, em: 12 }[match[2] ?? 'pt'] ?? 1;
  return Number(match[1]) * factor;
}

const NAMED: Record<string, [number, number, number]> = {
  black: [0, 0, 0],
  white: [255, 255, 255],
  windowtext: [0, 0, 0],
  window: [255, 255, 255],
};

function channels(color: string): [number, number, number] | null {
  const named = NAMED[color];
  if (named) return named;
  const hex = /^#([\da-f]{3}|[\da-f]{6})$/.exec(color)?.[1];
  if (hex) {
    const digits = hex.length === 3 ? [...hex].map((digit) => digit + digit) : hex.match(/../g)!;
    return digits.map((pair) => Number.parseInt(pair, 16)) as [number, number, number];
  }
  const rgb = /^rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)(?:[\s,/]+([\d.]+%?))?\s*\)$/.exec(color);
  if (!rgb || (rgb[4] && Number.parseFloat(rgb[4]) === 0)) return null;
  return [Number(rgb[1]), Number(rgb[2]), Number(rgb[3])];
}

const COLOR_NAME = /^[a-z]+$/;
const NO_COLOR = ['inherit', 'initial', 'unset', 'auto', 'none', 'transparent', 'currentcolor', 'windowtext', 'window'];

function tidy(color: string | undefined): string | null {
  const wanted = color?.trim().toLowerCase().replace(/\s*!important$/, '') ?? '';
  if (wanted === '' || NO_COLOR.includes(wanted)) return null;
  if (COLOR_NAME.test(wanted)) return wanted;
  return channels(wanted)?.reduce((hex, channel) => hex + Math.min(255, channel).toString(16).padStart(2, '0'), '#') ?? null;
}

/** The colour of words, if it says something: black, dark grey and white are only what the page around them was. */
export function textColor(color: string | undefined): string | null {
  const wanted = tidy(color);
  const rgb = wanted && channels(wanted);
  if (!rgb) return wanted;
  const [low, high] = [Math.min(...rgb), Math.max(...rgb)];
  return high - low < 24 && (high <= 0x66 || low >= 0xf0) ? null : wanted;
}

/** The colour behind words or in a cell, unless it is white or none. */
export function backColor(color: string | undefined): string | null {
  // `background:yellow`, and `background:#FFF url(…) repeat` of which only the colour is wanted.
  const first = /^(?:rgba?\([^)]*\)|[^\s]+)/.exec(color?.trim() ?? '')?.[0];
  const wanted = tidy(first);
  const rgb = wanted && channels(wanted);
  return rgb && Math.min(...rgb) >= 0xfa ? null : wanted;
}
