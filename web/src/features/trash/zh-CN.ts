export const zhCN = {
  'trash.empty': '回收站是空的',
  'trash.restore': '恢复',
  'trash.restoreName': '恢复 {{name}}',
  'trash.restored': '“{{name}}”已恢复',
};
