export const zhCN = {
  'session.title': '登录',
  'session.subtitle': '团队的文档，安全地放在一处',
  'session.name': '用户名',
  'session.password': '密码',
  'session.submit': '登录',
  'session.showPassword': '显示或隐藏密码',
};
