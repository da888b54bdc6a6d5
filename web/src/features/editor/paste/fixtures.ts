// What the clipboard holds after copying in Word, WPS and browsers, as those programs write it. Written for these tests.

/** One red pixel. */
export const PNG =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==';

const WORD_HEAD = (lists = '') => `<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word" xmlns:m="http://schemas.microsoft.com/office/2004/12/omml" xmlns="http://www.w3.org/TR/REC-html40">
<head><meta http-equiv=Content-Type content="text/html; charset=utf-8"><meta name=ProgId content=Word.Document><meta name=Generator content="Microsoft Word 15"><link rel=File-List href="file:///C:/Users/li/AppData/Local/Temp/msohtmlclip1/01/clip_filelist.xml">
<!--[if gte mso 9]><xml><o:OfficeDocumentSettings><o:AllowPNG/></o:OfficeDocumentSettings></xml><![endif]-->
<style><!--
 /* Font Definitions */
 @font-face {font-family:宋体; panose-1:2 1 6 0 3 1 1 1 1 1; mso-font-charset:134;}
 /* Style Definitions */
 p.MsoNormal, li.MsoNormal, div.MsoNormal {mso-style-unhide:no; margin:0cm; text-align:justify; text-justify:inter-ideograph; font-size:10.5pt; font-family:等线;}
 @page WordSection1 {size:595.3pt 841.9pt; margin:72.0pt 90.0pt 72.0pt 90.0pt;}
${lists}
--></style><!--[if gte mso 10]><style>table.MsoNormalTable {mso-style-name:普通表格;}</style><![endif]--></head>
<body lang=ZH-CN style='tab-interval:21.0pt;word-wrap:break-word'>
<!--StartFragment-->`;

const WORD_FOOT = `<!--EndFragment-->
</body>

</html>`;

export const wordDocument = `${WORD_HEAD()}

<p class=MsoTitle align=center style='text-align:center'><span style='mso-fareast-font-family:黑体;color:windowtext'>年度工作总结<span lang=EN-US><o:p></o:p></span></span></p>

<h1><a name="_Toc183012345"><span style='font-family:"微软雅黑",sans-serif;font-size:22.0pt'>一、总体情况</span></a><span lang=EN-US style='font-size:22.0pt'><o:p></o:p></span></h1>

<p class=MsoNormal style='text-indent:21.0pt;mso-char-indent-count:2.0'><span style='font-size:12.0pt;font-family:宋体;mso-ascii-theme-font:minor-latin;color:black'>全年完成</span><b><span style='font-size:12.0pt;font-family:宋体'>重点项目</span></b><span lang=EN-US style='font-size:12.0pt;font-family:宋体;color:red'>12</span><span style='font-size:12.0pt;font-family:宋体'>个，完成率</span><span lang=EN-US style='font-size:12.0pt;font-family:宋体;background:yellow;mso-highlight:yellow'>100%</span><span style='font-size:12.0pt;font-family:宋体'>。<span class=MsoCommentReference><span lang=EN-US style='font-size:8.0pt'><a style='mso-comment-reference:批_1;mso-comment-date:20261121T1000'></a><!--[if !supportAnnotations]--><a class=msocomanchor id="_anchor_1" href="#_msocom_1" name="_msoanchor_1">[批1]</a><!--[endif]--></span></span><span lang=EN-US><o:p></o:p></span></span></p>

<p class=MsoNormal><span lang=EN-US style='font-size:12.0pt;font-family:宋体'><o:p>&nbsp;</o:p></span></p>

<h2><span style='font-family:宋体'>（一）主要成绩</span><span lang=EN-US><o:p></o:p></span></h2>

<p class=MsoNormal style='margin-left:45.0pt'><span style='font-size:16.0pt;font-family:楷体_GB2312;mso-fareast-font-family:楷体_GB2312'>详见</span><span lang=EN-US style='font-size:12.0pt;font-family:宋体'><a href="https://example.org/report?id=7&amp;utm_source=word"><span lang=EN-US style='mso-hansi-font-family:Calibri'><span lang=EN-US>统计报告</span></span></a></span><span style='font-size:12.0pt;font-family:宋体'>。<span lang=EN-US><o:p></o:p></span></span></p>

<p class=MsoNormal align=right style='text-align:right'><span style='font-size:12.0pt;font-family:宋体'>办公室</span><span lang=EN-US style='display:none;mso-hide:all'>隐藏</span></p>

<div style='mso-element:comment-list'><hr class=msocomoff align=left size=1 width="33%"><div style='mso-element:comment'><p class=MsoCommentText>批注的文字</p></div></div>

${WORD_FOOT}`;

const WORD_LISTS = ` /* List Definitions */
 @list l0 {mso-list-id:1164198; mso-list-type:hybrid; mso-list-template-ids:-1 -2;}
 @list l0:level1 {mso-level-number-format:chinese-counting; mso-level-text:"%1、"; mso-level-tab-stop:none; margin-left:22.0pt; text-indent:-22.0pt;}
 @list l0:level2 {mso-level-text:"（%2）"; margin-left:44.0pt;}
 @list l0:level3 {mso-level-number-format:bullet; mso-level-text:\\F06E; font-family:Wingdings;}
 @list l1:level1 {mso-level-number-format:bullet; mso-level-text:\\F06C; font-family:Wingdings;}
 @list l2:level1 {mso-level-number-format:alpha-lower; mso-level-text:"%1\\)";}`;

const wordItem = (list: string, level: number, marker: string, text: string, first = '') =>
  `<p class=MsoListParagraph${first} style='margin-left:${22 * level}.0pt;mso-para-margin-left:0gd;text-indent:-22.0pt;mso-char-indent-count:0;mso-list:${list.replace(' ', ` level${level} `)}'><![if !supportLists]><span lang=EN-US style='mso-bidi-font-family:等线'><span style='mso-list:Ignore'>${marker}<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp; </span></span></span><![endif]><span>${text}</span><span lang=EN-US><o:p></o:p></span></p>\n\n`;

export const wordLists = `${WORD_HEAD(WORD_LISTS)}
<p class=MsoNormal>会议议程<span lang=EN-US><o:p></o:p></span></p>

${wordItem('l0 lfo1', 1, '一、', '审议报告', 'CxSpFirst')}${wordItem('l0 lfo1', 2, '（1）', '财务部分')}${wordItem('l0 lfo1', 2, '（2）', '人事部分')}${wordItem('l0 lfo1', 3, 'n', '编制')}${wordItem('l0 lfo1', 3, 'n', '招聘')}${wordItem('l0 lfo1', 1, '二、', '讨论预算')}<p class=MsoNormal>休息十分钟<span lang=EN-US><o:p></o:p></span></p>

${wordItem('l0 lfo1', 1, '三、', '其他事项')}${wordItem('l1 lfo2', 1, 'l', '签到表')}${wordItem('l1 lfo2', 1, 'l', '投影仪')}${wordItem('l2 lfo3', 1, 'a)', 'alpha')}${wordItem('l2 lfo3', 1, 'b)', 'beta')}${WORD_FOOT}`;

export const wordTable = `${WORD_HEAD()}
<table class=MsoTableGrid border=1 cellspacing=0 cellpadding=0 style='border-collapse:collapse;border:none;mso-border-alt:solid windowtext .5pt;mso-yfti-tbllook:1184;mso-padding-alt:0cm 5.4pt 0cm 5.4pt'>
 <thead>
 <tr style='mso-yfti-irow:0;mso-yfti-firstrow:yes'>
  <td width=138 valign=top style='width:103.6pt;border:solid windowtext 1.0pt;mso-border-alt:solid windowtext .5pt;background:#D9E2F3;mso-background-themecolor:accent1;padding:0cm 5.4pt 0cm 5.4pt'><p class=MsoNormal>部门<span lang=EN-US><o:p></o:p></span></p></td>
  <td width=277 colspan=2 valign=top style='width:207.4pt;border:solid windowtext 1.0pt;border-left:none;background:#D9E2F3'><p class=MsoNormal align=center style='text-align:center'>预算（万元）<span lang=EN-US><o:p></o:p></span></p></td>
 </tr>
 </thead>
 <tr style='mso-yfti-irow:1'>
  <td width=138 rowspan=2 valign=top style='width:103.6pt;border:solid windowtext 1.0pt;border-top:none'><p class=MsoNormal>办公室</p></td>
  <td width=138 style='width:103.7pt'><p class=MsoNormal>上半年</p></td>
  <td width=138 style='width:103.7pt'><p class=MsoNormal align=right style='text-align:right'><span lang=EN-US>120<o:p></o:p></span></p></td>
 </tr>
 <tr style='mso-yfti-irow:2;mso-yfti-lastrow:yes'>
  <td width=138 style='width:103.7pt'><p class=MsoNormal>下半年</p></td>
  <td width=138 style='width:103.7pt'><p class=MsoNormal align=right style='text-align:right'><span lang=EN-US>135<o:p></o:p></span></p></td>
 </tr>
</table>

<p class=MsoNormal><span lang=EN-US style='mso-no-proof:yes'><!--[if gte vml 1]><v:shapetype id="_x0000_t75" coordsize="21600,21600"><v:stroke joinstyle="miter"/></v:shapetype><v:shape id="图片_x0020_1" o:spid="_x0000_i1025" type="#_x0000_t75" style='width:240pt;height:60pt'><v:imagedata src="file:///C:/Users/li/AppData/Local/Temp/msohtmlclip1/01/clip_image001.png" o:title=""/></v:shape><![endif]--><![if !vml]><img width=320 height=80 src="file:///C:/Users/li/AppData/Local/Temp/msohtmlclip1/01/clip_image002.png" v:shapes="图片_x0020_1"><![endif]></span></p>
${WORD_FOOT}`;

const PNG_HEX = [...atob(PNG.slice(PNG.indexOf(',') + 1))].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');

export const rtfWithPictures = `{\\rtf1\\adeflang1025\\ansi\\ansicpg936{\\fonttbl{\\f0\\fbidi \\froman Times New Roman;}{\\f13 \\'cb\\'ce\\'cc\\'e5;}}
{\\*\\listpicture{\\pict{\\*\\picprop{\\sp{\\sn pib}{\\sv x}}}\\picscalex1\\pngblip\\bliptag1 ffffffffffffffffffffffffffffffffffff}}
\\pard {\\rtlch\\fcs1 {\\*\\shppict{\\pict{\\*\\picprop\\shplid1025{\\sp{\\sn shapeType}{\\sv 75}}{\\sp{\\sn fFlipH}{\\sv 0}}}\\picscalex100\\picscaley100\\piccropl0\\piccropr0\\picw8467\\pich2117\\picwgoal4800\\pichgoal1200\\pngblip\\bliptag-1262571436{\\*\\blipuid b4be9454f41235ac7e7b2c1f2b1f2a0c}
${PNG_HEX.replace(/(.{40})/g, '$1\n')}}}{\\nonshppict{\\pict\\picscalex100\\picw8467\\wmetafile8 0100090000037c000000000010000000}}\\par }}`;

const wpsItem = (level: number, list: string, marker: string, text: string) =>
  `<p class=MsoNormal style="margin-left:0.0000pt;text-indent:${level}4.0000pt;mso-list:${list.replace(' ', ` level${level} `)};" ><![if !supportLists]><span style="mso-spacerun:'yes';font-family:宋体;mso-ascii-font-family:Calibri;mso-hansi-font-family:Calibri;mso-bidi-font-family:'Times New Roman';font-size:10.5000pt;mso-font-kerning:1.0000pt;" ><span style='mso-list:Ignore;'>${marker}<span>&nbsp;</span></span></span><![endif]>${text}<span style="mso-spacerun:'yes';font-family:宋体;font-size:10.5000pt;" ><o:p></o:p></span></p>`;

const wpsRun = (text: string, style = '') =>
  `<span style="mso-spacerun:'yes';font-family:宋体;mso-ascii-font-family:Calibri;mso-hansi-font-family:Calibri;mso-bidi-font-family:'Times New Roman';${style}font-size:10.5000pt;mso-font-kerning:1.0000pt;" ><font face="宋体" >${text}</font></span>`;

export const wpsDocument = `<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40"><head><meta http-equiv=Content-Type content="text/html; charset=utf-8" ><meta name=ProgId content=Word.Document ><meta name=Generator content="Microsoft Word 14" ><meta name=Originator content="Microsoft Word 14" ><title></title><!--[if gte mso 9]><xml><w:WordDocument><w:BrowserLevel>MicrosoftInternetExplorer4</w:BrowserLevel></w:WordDocument></xml><![endif]--><style>
@font-face{font-family:"Times New Roman";}
@list l0:level1{mso-level-number-format:chinese-counting;mso-level-suffix:none;mso-level-text:"（%1）";mso-level-tab-stop:none;margin-left:0.0000pt;}
@list l0:level2{mso-level-number-format:decimal;mso-level-suffix:tab;mso-level-text:"%2.";}
@list l1:level1{mso-level-number-format:bullet;mso-level-suffix:tab;mso-level-text:\\F06C;font-family:Wingdings;}
p.MsoNormal{mso-style-name:正文;margin:0pt;text-align:justify;font-family:Calibri;font-size:10.5000pt;}
</style></head><body style="tab-interval:21pt;" ><!--StartFragment--><h1 align=center style="text-align:center;" ><b><span style="mso-spacerun:'yes';font-family:宋体;font-weight:bold;font-size:22.0000pt;mso-font-kerning:22.0000pt;" ><font face="宋体" >关于开展安全检查的通知</font></span></b><b><span style="font-weight:bold;" ><o:p></o:p></span></b></h1><p class=MsoNormal >${wpsRun('各部门：')}<span style="font-family:宋体;" ><o:p></o:p></span></p>${wpsItem(1, 'l0 lfo1', '（一）', wpsRun('检查范围'))}${wpsItem(2, 'l0 lfo1', '1.', `<u>${wpsRun('办公区', 'text-decoration:underline;text-underline:single;')}</u>`)}${wpsItem(2, 'l0 lfo1', '2.', `<b>${wpsRun('机房', 'font-weight:bold;')}</b>`)}${wpsItem(1, 'l0 lfo1', '（二）', wpsRun('检查时间', 'color:rgb(192,0,0);'))}${wpsItem(1, 'l1 lfo2', 'l', wpsRun('灭火器'))}${wpsItem(1, 'l1 lfo2', 'l', wpsRun('应急灯'))}<table class=MsoTableGrid border=1 cellspacing=0 style="border-collapse:collapse;width:426.1000pt;mso-table-layout-alt:fixed;border:none;" ><tr><td width=284 valign=top style="width:213.0500pt;padding:0.0000pt 5.4000pt 0.0000pt 5.4000pt ;border:1.0000pt solid windowtext;" ><p class=MsoNormal >${wpsRun('姓名')}</p></td><td width=284 valign=top style="width:213.0500pt;" ><p class=MsoNormal >${wpsRun('电话')}</p></td></tr><tr><td width=284 valign=top ><p class=MsoNormal >${wpsRun('张三')}</p></td><td width=284 valign=top ><p class=MsoNormal ><span style="font-family:宋体;" ><o:p>&nbsp;</o:p></span></p></td></tr></table><!--EndFragment--></body></html>`;

export const chromeArticle = `<html>
<body>
<!--StartFragment--><h2 class="article-title" data-v-7ba5bd90="" style="box-sizing: border-box; margin: 0px; color: rgb(34, 34, 34); font-family: -apple-system, BlinkMacSystemFont, &quot;PingFang SC&quot;; font-size: 24px; font-weight: 700; background-color: rgb(255, 255, 255); text-decoration-thickness: initial;">春季植树</h2><p style="color: rgb(51, 51, 51); font-family: &quot;Microsoft YaHei&quot;; font-size: 16px; text-align: justify;" onclick="track()">全文见<a href="https://example.org/news?id=3&amp;utm_source=share&amp;spm=a2c4e.11" style="color: rgb(0, 0, 238);" target="_blank">官网</a>，<a href="javascript:more()">更多</a><img src="https://cdn.example.org/photo.jpg" alt="活动现场" width="640">。<img src="https://tracker.example.com/p.gif?u=1" width="1" height="1"></p><script>alert(1)</script><ul class="list"><li>松树</li><ul><li>马尾松</li></ul><li><span style="color: rgb(51, 51, 51);">柏树</span></li></ul><ol start="4"><li>第四步</li></ol><blockquote><p>前人栽树，后人乘凉。</p></blockquote><pre><code class="language-js">let a = 1;
</code></pre><!--EndFragment-->
</body>
</html>`;

export const googleDoc = `<meta charset='utf-8'><meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-5a1b2c3d"><p dir="ltr" style="line-height:1.38;margin-top:0pt;margin-bottom:0pt;"><span style="font-size:11pt;font-family:Arial,sans-serif;color:#000000;background-color:transparent;font-weight:400;font-style:normal;text-decoration:none;vertical-align:baseline;white-space:pre-wrap;">普通文字</span><span style="font-size:11pt;font-family:Arial,sans-serif;color:#000000;font-weight:700;">粗体</span></p><ul style="margin-top:0;margin-bottom:0;"><li dir="ltr" aria-level="1"><p dir="ltr" role="presentation"><span style="font-size:11pt;font-family:Arial,sans-serif;">甲</span></p></li><ul><li dir="ltr" aria-level="2"><p dir="ltr" role="presentation"><span style="font-size:11pt;font-family:Arial,sans-serif;">乙</span></p></li></ul></ul></b>`;

const webItem = (level: number, text: string) =>
  `<div class="ListContainerWrapper SCXW123 BCX8"><ul class="BulletListStyle${level} SCXW123" role="list"><li data-leveltext="" data-font="Symbol" data-listid="2" data-aria-posinset="1" data-aria-level="${level}" role="listitem" class="OutlineElement Ltr SCXW123"><p class="Paragraph SCXW123" xml:lang="ZH-CN" paraid="123"><span data-contrast="auto" class="TextRun SCXW123"><span class="NormalTextRun SCXW123">${text}</span></span><span class="EOP SCXW123" data-ccp-props="{}">&nbsp;</span></p></li></ul></div>`;

export const wordOnline = `<html><body><!--StartFragment-->${webItem(1, '第一')}${webItem(2, '其一')}${webItem(1, '第二')}<!--EndFragment--></body></html>`;
