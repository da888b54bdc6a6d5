export const zhCN = {
  'documents.state.waiting': '处理中',
  'documents.state.ready': '可搜索和预览',
  'documents.state.recognising': '正在识别文字 {{done}}/{{total}}',
  'documents.state.recognisingShort': '识别 {{done}}/{{total}}',
  'documents.state.failed': '处理失败',
};
