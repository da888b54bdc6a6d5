export const zhCN = {
  'viewer.download': '下载原件',
};
