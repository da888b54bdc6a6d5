import { createTheme, Modal, Tooltip, type MantineColorsTuple } from '@mantine/core';

// Ink green-blue: calm beside documents, and with enough contrast for white text from shade 7 on.
const ink: MantineColorsTuple = [
  '#e8f6f8',
  '#d6eaee',
  '#acd4dc',
  '#7fbdc9',
  '#5aa9b9',
  '#439db0',
  '#3497ac',
  '#1f7488',
  '#136577',
  '#00505f',
];

export const theme = createTheme({
  primaryColor: 'ink',
  primaryShade: { light: 7, dark: 6 },
  colors: { ink },
  defaultRadius: 'md',
  cursorType: 'pointer',
  // Fonts of the reader's system; an intranet has no font server.
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Consolas, "Noto Sans Mono CJK SC", monospace',
  headings: { fontWeight: '600' },
  components: {
    Modal: Modal.extend({ styles: { title: { fontWeight: 600, lineHeight: 1.4 } } }),
    Tooltip: Tooltip.extend({ defaultProps: { withArrow: true, openDelay: 300 } }),
  },
});
