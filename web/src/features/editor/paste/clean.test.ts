import { generateJSON, type JSONContent } from '@tiptap/core';
import { describe, expect, it } from 'vitest';
import { schemaExtensions } from '../extensions';
import { cleanHtml } from './clean';
import { chromeArticle, googleDoc, PNG, rtfWithPictures, wordDocument, wordLists, wordOnline, wordTable, wpsDocument } from './fixtures';

/** What the page keeps of the HTML. */
function pasted(html: string, rtf = ''): JSONContent[] {
  return generateJSON(cleanHtml(html, rtf).html, schemaExtensions()).content ?? [];
}

function words(node: JSONContent): string {
  return node.text ?? (node.content ?? []).map(words).join('');
}

/** `kind(children)`, with the words of paragraphs: enough to see the structure. */
function shape(node: JSONContent): string {
  if (node.type === 'paragraph') return words(node);
  if (node.type === 'heading' || node.type === 'codeBlock') return `${node.type}[${words(node)}]`;
  const attrs = node.attrs?.type ? `:${node.attrs.type}` : '';
  const start = node.attrs?.start && node.attrs.start !== 1 ? `@${node.attrs.start}` : '';
  return `${node.type}${attrs}${start}[${(node.content ?? []).map(shape).join('|')}]`;
}

function find(nodes: JSONContent[], wanted: (node: JSONContent) => boolean): JSONContent[] {
  return nodes.flatMap((node) => [...(wanted(node) ? [node] : []), ...find(node.content ?? [], wanted)]);
}

const run = (nodes: JSONContent[], text: string) => find(nodes, (node) => node.text === text)[0];
const mark = (node: JSONContent | undefined, type: string) => node?.marks?.find((mark) => mark.type === type);

describe('from Word', () => {
  it('keeps title, headings, alignment and indent, and nothing of the rest', () => {
    const nodes = pasted(wordDocument);
    expect(nodes.map((node) => [node.type, node.attrs?.level ?? node.attrs?.styleName ?? null, words(node)])).toEqual([
      ['paragraph', 'title', '年度工作总结'],
      ['heading', 1, '一、总体情况'],
      ['paragraph', null, '全年完成重点项目12个，完成率100%。'],
      ['paragraph', null, ''],
      ['heading', 2, '（一）主要成绩'],
      ['paragraph', null, '详见统计报告。'],
      ['paragraph', null, '办公室'],
    ]);
    expect(nodes[5]!.attrs!.indent).toBe(2);
    expect(nodes[6]!.attrs!.textAlign).toBe('right');
    const { html } = cleanHtml(wordDocument);
    expect(html).not.toMatch(/mso|class=|<!--|o:p|lang=|@page|windowtext|_Toc|批注/i);
  });

  it('keeps what the writer did to words: bold, colour, highlight, a font that is not the usual one', () => {
    const nodes = pasted(wordDocument);
    expect(mark(run(nodes, '重点项目'), 'bold')).toBeTruthy();
    expect(mark(run(nodes, '12'), 'textStyle')?.attrs?.color).toMatch(/red|#ff0000|rgb\(255, 0, 0\)/);
    expect(mark(run(nodes, '100%'), 'highlight')?.attrs?.color).toBe('yellow');
    const kai = mark(run(nodes, '详见'), 'textStyle')?.attrs;
    expect(kai?.fontFamily).toMatch(/^KaiTi/);
    expect(kai?.fontSize).toBe('16pt');
    // The usual font and size are the page's own.
    expect(run(nodes, '全年完成')?.marks ?? []).toEqual([]);
    expect(mark(run(nodes, '统计报告'), 'link')?.attrs?.href).toBe('https://example.org/report?id=7');
  });

  it('makes nested lists of paragraphs that only look like lists', () => {
    expect(pasted(wordLists).map(shape)).toEqual([
      '会议议程',
      'orderedList:cjk[listItem[审议报告|orderedList:decimal-paren[listItem[财务部分]|listItem[人事部分|bulletList[listItem[编制]|listItem[招聘]]]]]|listItem[讨论预算]]',
      '休息十分钟',
      'orderedList:cjk@3[listItem[其他事项]]',
      'bulletList[listItem[签到表]|listItem[投影仪]]',
      'orderedList:a[listItem[alpha]|listItem[beta]]',
    ]);
  });

  it('keeps merged cells, colours, widths and the repeated header of a table', () => {
    const [table] = find(pasted(wordTable), (node) => node.type === 'table');
    const rows = table!.content!;
    expect(rows.map((row) => row.content!.map((cell) => [cell.type, words(cell), cell.attrs!.colspan, cell.attrs!.rowspan]))).toEqual([
      [['tableHeader', '部门', 1, 1], ['tableHeader', '预算（万元）', 2, 1]],
      [['tableCell', '办公室', 1, 2], ['tableCell', '上半年', 1, 1], ['tableCell', '120', 1, 1]],
      [['tableCell', '下半年', 1, 1], ['tableCell', '135', 1, 1]],
    ]);
    expect(rows[0]!.content![0]!.attrs).toMatchObject({ backgroundColor: expect.stringMatching(/d9e2f3|217, 226, 243/i) as string, colwidth: [138] });
    expect(rows[1]!.content![2]!.content![0]!.attrs!.textAlign).toBe('right');
  });

  it('takes the pictures out of the RTF when the HTML only names files', () => {
    const { html, pictures, lost } = cleanHtml(wordTable, rtfWithPictures);
    expect(lost).toBe(0);
    expect(pictures).toEqual([PNG]);
    expect(html).toContain(`src="${PNG}"`);
    expect(html).toMatch(/width="320"/);
    // Without RTF it says that one is missing.
    expect(cleanHtml(wordTable)).toMatchObject({ pictures: [], lost: 1 });
    expect(cleanHtml(wordTable).html).not.toContain('file:');
  });

  it('makes a page break of a page break', () => {
    const nodes = pasted(`<html><body><!--StartFragment--><p class=MsoNormal>前</p><span lang=EN-US style='font-size:10.5pt'><br clear=all style='mso-special-character:line-break;page-break-before:always'></span><p class=MsoNormal>后</p><!--EndFragment--></body></html>`);
    expect(nodes.map(shape)).toEqual(['前', 'pageBreak[]', '后']);
  });
});

describe('from WPS', () => {
  it('reads its variants of lists, emphasis, tables and colours', () => {
    const nodes = pasted(wpsDocument);
    expect(nodes.map(shape)).toEqual([
      'heading[关于开展安全检查的通知]',
      '各部门：',
      'orderedList:cjk-paren[listItem[检查范围|orderedList[listItem[办公区]|listItem[机房]]]|listItem[检查时间]]',
      'bulletList[listItem[灭火器]|listItem[应急灯]]',
      'table[tableRow[tableCell[姓名]|tableCell[电话]]|tableRow[tableCell[张三]|tableCell[]]]',
    ]);
    expect(nodes[0]!.attrs).toMatchObject({ level: 1, textAlign: 'center' });
    expect(mark(run(nodes, '机房'), 'bold')).toBeTruthy();
    expect(mark(run(nodes, '检查时间'), 'textStyle')?.attrs?.color).toMatch(/#c00000|rgb\(192, 0, 0\)/i);
    expect(mark(run(nodes, '办公区'), 'underline')).toBeTruthy();
    expect(cleanHtml(wpsDocument).html).not.toMatch(/mso|<font|class=|&nbsp;/);
  });
});

describe('from the web', () => {
  it('keeps an article and leaves what follows the reader', () => {
    const cleaned = cleanHtml(chromeArticle);
    expect(pasted(chromeArticle).map(shape)).toEqual([
      'heading[春季植树]',
      '全文见官网，更多[活动现场]。',
      'bulletList[listItem[松树|bulletList[listItem[马尾松]]]|listItem[柏树]]',
      'orderedList@4[listItem[第四步]]',
      'blockquote[前人栽树，后人乘凉。]',
      'codeBlock[let a = 1;]',
    ]);
    expect(cleaned.html).not.toMatch(/script|onclick|utm_|spm=|tracker|javascript:|<img|class="(?!language-)|style="color/);
    expect(cleaned.html).toContain('href="https://example.org/news?id=3"');
    expect(pasted(chromeArticle).at(-1)!.attrs!.language).toBe('js');
    expect(cleaned.lost).toBe(1); // the photograph; not the pixel
    expect(cleaned.pictures).toEqual([]);
  });

  it('keeps pictures that are in the text itself', () => {
    const cleaned = cleanHtml(`<p>图<img src="${PNG}" width="40" alt="印章"></p><img src="/api/v1/documents/abc-1/content">`);
    expect(cleaned.pictures).toEqual([PNG]);
    expect(cleaned.lost).toBe(0);
    expect(cleaned.html).toContain('alt="印章"');
    expect(cleaned.html).toContain('src="/api/v1/documents/abc-1/content"');
    expect(cleanHtml('<img src="data:image/svg+xml;base64,PHN2Zz4=">')).toMatchObject({ pictures: [], lost: 1 });
  });

  it('is not fooled by the bold element of Google Docs', () => {
    const nodes = pasted(googleDoc);
    expect(run(nodes, '普通文字')?.marks ?? []).toEqual([]);
    expect(mark(run(nodes, '粗体'), 'bold')).toBeTruthy();
    expect(nodes.map(shape)).toEqual(['普通文字粗体', 'bulletList[listItem[甲|bulletList[listItem[乙]]]]']);
  });

  it('joins the lists that Word for the web writes one by one', () => {
    expect(pasted(wordOnline).map(shape)).toEqual(['bulletList[listItem[第一|bulletList[listItem[其一]]]|listItem[第二]]']);
  });

  it('survives what is no HTML at all', () => {
    expect(cleanHtml('').html).toBe('');
    expect(cleanHtml('一 < 二 & 三').html).toBe('一 &lt; 二 &amp; 三');
    expect(pasted('<p>没有结束<b>的<table><tr><td>格').map(shape)).toEqual(['没有结束的', 'table[tableRow[tableCell[格]]]']);
  });
});
