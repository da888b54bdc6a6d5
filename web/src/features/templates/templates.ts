// With what can a new page begin? Each template gives the nodes of a page in the language of the writer.
import type { JSONContent } from '@tiptap/core';
import { bullets, h, numbers, p, table, tasks } from './build';
import { officialDocument } from './official';

export const TEMPLATES = ['blank', 'minutes', 'notice', 'plan', 'weekly', 'official'] as const;

export type TemplateName = (typeof TEMPLATES)[number];

export function isTemplate(name: string | null): name is TemplateName {
  return TEMPLATES.includes(name as TemplateName);
}

/** Room to be filled in, in full-width blanks. */
const GAP = '\u3000\u3000\u3000\u3000';

interface Context {
  chinese: boolean;
  today: Date;
}

function longDate({ chinese, today }: Context): string {
  return chinese
    ? `${today.getFullYear()}年${today.getMonth() + 1}月${today.getDate()}日`
    : today.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });
}

/** Monday to Friday of the week. */
function week({ chinese, today }: Context): string {
  const monday = new Date(today);
  monday.setDate(today.getDate() - ((today.getDay() + 6) % 7));
  const friday = new Date(monday);
  friday.setDate(monday.getDate() + 4);
  const short = (day: Date) => (chinese ? `${day.getMonth() + 1}月${day.getDate()}日` : day.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' }));
  return `${short(monday)}${chinese ? '—' : ' – '}${short(friday)}`;
}

function minutes(context: Context): JSONContent[] {
  const date = longDate(context);
  if (!context.chinese) {
    return [
      p('Meeting minutes', 'title'),
      table([['Subject', ''], ['Date', date], ['Place', ''], ['Chair', ''], ['Present', ''], ['Apologies', ''], ['Minutes by', '']], { header: false, side: true, widths: [130] }),
      h(1, 'Agenda'),
      numbers(null, '', '', ''),
      h(1, 'Discussion'),
      p(),
      h(1, 'Decisions'),
      numbers(null, '', ''),
      h(1, 'Actions'),
      table([['Action', 'Who', 'By when'], ['', '', ''], ['', '', '']]),
    ];
  }
  return [
    p('会议纪要', 'title'),
    table([['会议主题', ''], ['会议时间', date], ['会议地点', ''], ['主持人', ''], ['出席人员', ''], ['缺席人员', ''], ['记录人', '']], { header: false, side: true, widths: [110] }),
    h(1, '一、会议议题'),
    numbers(null, '', '', ''),
    h(1, '二、讨论情况'),
    p(),
    h(1, '三、议定事项'),
    numbers('cjk-paren', '', ''),
    h(1, '四、后续工作'),
    table([['工作事项', '负责人', '完成时限'], ['', '', ''], ['', '', '']]),
  ];
}

function notice(context: Context): JSONContent[] {
  const date = longDate(context);
  const right = { textAlign: 'right' };
  if (!context.chinese) {
    return [
      p('Notice', 'title'),
      p('To: all departments'),
      p('Please note that …'),
      numbers(null, '**When:** ', '**Where:** ', '**Who:** ', '**What to prepare:** '),
      p('Contact: '),
      p('Office', null, right),
      p(date, null, right),
    ];
  }
  return [
    p('关于××××的通知', 'title'),
    p('各部门：'),
    p('为××××，现将有关事项通知如下：', null, { indent: 1 }),
    numbers('cjk', '**时间：**', '**地点：**', '**参加人员：**', '**有关要求：**'),
    p(`联系人：${GAP}联系电话：`, null, { indent: 1 }),
    p('办公室', null, right),
    p(date, null, right),
  ];
}

function plan(context: Context): JSONContent[] {
  const year = context.today.getFullYear();
  if (!context.chinese) {
    return [
      p(`Work plan ${year}`, 'title'),
      h(1, 'Goals'),
      bullets('', ''),
      h(1, 'Tasks'),
      table([['Task', 'Result', 'Who', 'From', 'To'], ['', '', '', '', ''], ['', '', '', '', ''], ['', '', '', '', '']]),
      h(1, 'Means'),
      bullets('People: ', 'Budget: '),
      h(1, 'Risks'),
      p(),
    ];
  }
  return [
    p(`${year}年工作计划`, 'title'),
    h(1, '一、指导思想'),
    p(),
    h(1, '二、工作目标'),
    numbers('cjk-paren', '', ''),
    h(1, '三、重点任务'),
    table([['序号', '任务', '预期成果', '责任人', '完成时限'], ['1', '', '', '', ''], ['2', '', '', '', ''], ['3', '', '', '', '']], { widths: [60] }),
    h(1, '四、保障措施'),
    numbers('cjk-paren', '组织保障：', '经费保障：'),
    h(1, '五、风险与对策'),
    p(),
  ];
}

function weekly(context: Context): JSONContent[] {
  const days = week(context);
  if (!context.chinese) {
    return [
      p('Weekly report', 'title'),
      p(days, 'subtitle'),
      h(1, 'Done'),
      table([['Task', 'State', 'Remarks'], ['', '', ''], ['', '', '']]),
      h(1, 'Next week'),
      tasks('', '', ''),
      h(1, 'Problems and help needed'),
      bullets(''),
    ];
  }
  return [
    p('工作周报', 'title'),
    p(`${days}${GAP}部门：${GAP}姓名：`, 'subtitle'),
    h(1, '一、本周完成'),
    table([['工作内容', '进展', '备注'], ['', '', ''], ['', '', '']]),
    h(1, '二、下周计划'),
    tasks('', '', ''),
    h(1, '三、问题与需要的支持'),
    bullets(''),
  ];
}

/** What a page begins with. */
export function templateContent(name: TemplateName, language: string, today = new Date()): JSONContent[] {
  const context: Context = { chinese: language.startsWith('zh'), today };
  switch (name) {
    case 'blank':
      return [p()];
    case 'minutes':
      return minutes(context);
    case 'notice':
      return notice(context);
    case 'plan':
      return plan(context);
    case 'weekly':
      return weekly(context);
    case 'official':
      return officialDocument(today);
  }
}
