export const zhCN = {
  'board.new': '新建白板',
  'board.name': '白板名称',
  'board.label': '白板',
  'board.reading': '只读',
  'board.readingText': '您可以查看此白板，但不能修改。',
  'board.pictureFailed': '图片未能保存：{{name}}',
  'board.version': '版本 {{number}}',
  'board.backToNow': '回到当前内容',
};
