// A picture of the page: a document of the service, as wide as it was drawn, at one side or in the middle.
import { Image } from '@tiptap/extension-image';

/** `src` of a picture that is still being uploaded, followed by an id. */
export const UPLOADING = 'uploading:';

/** What is drawn until then: one clear pixel. */
const NOTHING = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';

export type PictureAlign = 'left' | 'center' | 'right';

const length = (name: 'width' | 'height') => ({
  default: null as number | null,
  parseHTML: (element: HTMLElement) => {
    const pixels = Number.parseFloat(element.getAttribute(name) ?? element.style[name]);
    return Number.isFinite(pixels) && pixels > 0 && !(element.style[name] || '').endsWith('%') ? Math.round(pixels) : null;
  },
});

export const Picture = Image.extend({
  addAttributes() {
    return {
      ...this.parent?.(),
      src: {
        default: null as string | null,
        renderHTML: ({ src }: { src?: string | null }) => (src?.startsWith(UPLOADING) ? { src: NOTHING, 'data-uploading': '' } : { src }),
      },
      width: length('width'),
      height: length('height'),
      align: {
        default: null as PictureAlign | null,
        parseHTML: (element: HTMLElement) => {
          const align = element.getAttribute('data-align');
          return align === 'left' || align === 'center' || align === 'right' ? align : null;
        },
        renderHTML: ({ align }: { align?: PictureAlign | null }) => (align ? { 'data-align': align } : {}),
      },
    };
  },

  // Only pictures of this service: an address elsewhere would tell its owner who reads the page.
  parseHTML() {
    return [{ tag: `img[src^="/api/v1/documents/"], img[src^="${UPLOADING}"]` }];
  },

  // Typing ![…](…) would make such an address.
  addInputRules() {
    return [];
  },
}).configure({ resize: { enabled: true, directions: ['bottom-right', 'bottom-left'], minWidth: 32, minHeight: 16, alwaysPreserveAspectRatio: true } });
