export const zhCN = {
  'search.title': '搜索',
  'search.resultCount_other': '共 {{count}} 个结果',
};
