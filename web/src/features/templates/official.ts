// 党政机关公文格式 GB/T 9704—2012: the parts of an official letter in their order. Its look is in content.css.
import type { JSONContent } from '@tiptap/core';
import { h, p } from './build';

export function officialDocument(today: Date): JSONContent[] {
  const date = `${today.getFullYear()}年${today.getMonth() + 1}月${today.getDate()}日`;
  return [
    p('××单位文件', 'official-issuer'),
    p(`×发〔${today.getFullYear()}〕1号`, 'official-number'),
    p('××单位关于××××工作的通知', 'official-title'),
    p('各处室、直属各单位：', 'official-recipients'),
    p('为做好××××工作，根据《××××办法》和××××部署，经研究，现将有关事项通知如下。', 'official-body'),
    h(1, '一、总体要求'),
    p('坚持××××，按照××××的要求，突出重点，分步实施，确保××××。', 'official-body'),
    h(1, '二、主要任务'),
    h(2, '（一）健全工作机制'),
    p('明确责任分工，完善工作制度，于××月底前完成××××。', 'official-body'),
    h(2, '（二）抓好任务落实'),
    p('加强统筹协调，强化督促检查，及时研究解决××××问题。', 'official-body'),
    h(1, '三、工作要求'),
    p('各部门要高度重视，指定专人负责，并于××月××日前将落实情况报办公室。', 'official-body'),
    p('附件：1. ××××××××', 'official-attachment'),
    p('2. ××××××××', 'official-attachment'),
    p('××单位', 'official-signature'),
    p(date, 'official-date'),
    p('抄送：×××××，×××××，×××××。', 'official-copies'),
    p(`××单位办公室${'\u3000'.repeat(11)}${date}印发`, 'official-copies'),
  ];
}
