export const zhCN = {
  'offline.updateReady': '新版本已准备好',
  'offline.update': '立即更新',
  'offline.later': '稍后',
  'offline.unsent.title': '有内容还没有上传',
  'offline.unsent.signOut': '以下文档有修改只保存在这台设备上。现在退出登录，这些修改会被删除：',
  'offline.unsent.anyway': '放弃修改并退出',
  'offline.unsent.gone': '您已不能访问这篇文档，但有修改只保存在这台设备上，还没有上传。请先下载，再从这台设备上删除。',
  'offline.unsent.untitled': '未命名文档',
  'offline.unsent.discard': '从这台设备上删除',
};
