// 党政机关公文格式 GB/T 9704—2012: the parts of an official letter in their order. Its look is in content.css.
import type { JSONContent } from '@tiptap/core';
import { h, p } from './build';

export function officialDocument(today: Date): JSONContent[] {
  const date = `${today.getFullYear()}年${today.getMonth() + 1}月${today.getDate()}日`;
  return [
    p('×××××（单位名称）文件', 'official-issuer'),
    p(`×发〔${today.getFullYear()}〕1号`, 'official-number'),
    p('×××××关于×××××××的通知', 'official-title'),
    p('各处室、直属各单位：', 'official-recipients'),
    p('为××××××××××××，根据×××××××××××，现就有关事项通知如下。', 'official-body'),
    h(1, '一、总体要求'),
    p('××××××××××××××××××××××××。', 'official-body'),
    h(1, '二、主要任务'),
    h(2, '（一）××××××'),
    p('××××××××××××××××××××××××。', 'official-body'),
    h(2, '（二）××××××'),
    p('××××××××××××××××××××××××。', 'official-body'),
    h(1, '三、工作要求'),
    p('××××××××××××××××××××××××。', 'official-body'),
    p('附件：1. ××××××××', 'official-attachment'),
    p('2. ××××××××', 'official-attachment'),
    p('×××××（单位名称）', 'official-signature'),
    p(date, 'official-date'),
    p('抄送：×××××，×××××，×××××。', 'official-copies'),
    p(`×××××办公室${'\u3000'.repeat(11)}${date}印发`, 'official-copies'),
  ];
}
