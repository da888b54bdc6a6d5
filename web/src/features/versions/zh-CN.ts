export const zhCN = {
  'versions.title': '版本历史',
};
