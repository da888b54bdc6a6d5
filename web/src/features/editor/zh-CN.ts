export const zhCN = {
  'editor.label': '正文',
};
