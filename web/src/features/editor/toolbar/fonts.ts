// Which fonts and sizes are offered? By the names they have in Chinese offices; each with what stands in for it elsewhere.

/** What the page keeps is the whole list: the first name is the one that was meant. */
export const FONTS = {
  song: 'SimSun, 宋体, STSong, "Songti SC", "Noto Serif CJK SC", "Source Han Serif SC", serif',
  hei: 'SimHei, 黑体, STHeiti, "Heiti SC", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif',
  fangsong: 'FangSong, 仿宋, FangSong_GB2312, 仿宋_GB2312, STFangsong, "Noto Serif CJK SC", serif',
  kai: 'KaiTi, 楷体, KaiTi_GB2312, 楷体_GB2312, STKaiti, "Kaiti SC", "LXGW WenKai", "AR PL UKai CN", "Noto Serif CJK SC", serif',
  xiaobiaosong: 'FZXiaoBiaoSong-B05S, 方正小标宋简体, 方正小标宋_GBK, "Noto Serif CJK SC", SimSun, serif',
  yahei: '"Microsoft YaHei", 微软雅黑, "PingFang SC", "Noto Sans CJK SC", sans-serif',
  times: '"Times New Roman", "Liberation Serif", serif',
  arial: 'Arial, "Liberation Sans", sans-serif',
} as const;

export type FontName = keyof typeof FONTS;

const ALIASES: Record<FontName, RegExp> = {
  song: /^(simsun|nsimsun|宋体|新宋体|stsong|华文宋体|songti sc)/i,
  hei: /^(simhei|黑体|stheiti|heiti sc)/i,
  fangsong: /^(fangsong|仿宋|stfangsong|华文仿宋)/i,
  kai: /^(kaiti|楷体|stkaiti|华文楷体)/i,
  xiaobiaosong: /^(fzxiaobiaosong|方正小标宋|fzxbs)/i,
  yahei: /^(microsoft yahei|微软雅黑)/i,
  times: /^times/i,
  arial: /^(arial|helvetica)/i,
};

/** Which of the offered fonts a `font-family` means. */
export function fontOf(family: string | null | undefined): FontName | null {
  const first = family?.split(',')[0]?.trim().replace(/^["']|["']$/g, '') ?? '';
  return (Object.keys(ALIASES) as FontName[]).find((name) => ALIASES[name].test(first)) ?? null;
}

/** 字号 and the points they stand for. */
export const CHINESE_SIZES: readonly [string, string][] = [
  ['初号', '42pt'],
  ['小初', '36pt'],
  ['一号', '26pt'],
  ['小一', '24pt'],
  ['二号', '22pt'],
  ['小二', '18pt'],
  ['三号', '16pt'],
  ['小三', '15pt'],
  ['四号', '14pt'],
  ['小四', '12pt'],
  ['五号', '10.5pt'],
  ['小五', '9pt'],
];

export const POINT_SIZES = ['8pt', '10pt', '11pt', '13pt', '20pt', '28pt', '48pt', '72pt'] as const;
