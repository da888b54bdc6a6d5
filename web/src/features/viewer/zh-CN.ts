export const zhCN = {
  'viewer.download': '下载原件',
  'viewer.pages': '页面',
  'viewer.page': '页码',
  'viewer.pageNumber': '第 {{number}} 页',
  'viewer.zoomIn': '放大',
  'viewer.zoomOut': '缩小',
  'viewer.waiting': '正在生成预览……',
  'viewer.failedTitle': '无法预览',
  'viewer.noPages': '这个文件没有可显示的页面',
  'viewer.oldVersion': '正在查看版本 {{number}}。',
  'viewer.toCurrent': '回到当前版本',
};
