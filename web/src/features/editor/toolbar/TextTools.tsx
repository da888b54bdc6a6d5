// How do words look? Style of the paragraph, font, size, weight, colours.
import { Menu, Select } from '@mantine/core';
import {
  IconBold,
  IconBrush,
  IconClearFormatting,
  IconCode,
  IconDots,
  IconHighlight,
  IconItalic,
  IconLetterA,
  IconStrikethrough,
  IconSubscript,
  IconSuperscript,
  IconUnderline,
} from '@tabler/icons-react';
import { useEditorState, type Editor } from '@tiptap/react';
import { useTranslation } from 'react-i18next';
import { hasFormat } from '../formatPainter';
import { PARAGRAPH_STYLES, styleAt, type ParagraphStyleName } from '../schema/paragraphStyles';
import { ColorMenu } from './ColorMenu';
import { BACK_COLORS, TEXT_COLORS } from './colors';
import { clearFormat } from './clearFormat';
import { keys, ToolbarButton, ToolbarGroup, ToolbarMenu } from './controls';
import { CHINESE_SIZES, fontOf, FONTS, POINT_SIZES, type FontName } from './fonts';

const HEADINGS = [1, 2, 3, 4, 5, 6] as const;

export function StyleSelect({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const value = useEditorState({
    editor,
    selector: ({ editor }) => {
      const level = HEADINGS.find((level) => editor.isActive('heading', { level }));
      return level ? `h${level}` : (styleAt(editor.state.selection.$from) ?? 'text');
    },
  });
  const named = (names: readonly ParagraphStyleName[]) => names.map((name) => ({ value: name, label: t(`editor.styles.${name}`) }));
  return (
    <Select
      aria-label={t('editor.style')}
      w={118}
      flex="none"
      size="xs"
      allowDeselect={false}
      maxDropdownHeight={420}
      comboboxProps={{ width: 170, position: 'bottom-start' }}
      value={value}
      data={[
        {
          group: t('editor.stylesText'),
          items: [
            { value: 'text', label: t('editor.paragraph') },
            ...HEADINGS.map((level) => ({ value: `h${level}`, label: t('editor.heading', { level }) })),
            ...named(PARAGRAPH_STYLES.slice(0, 2)),
          ],
        },
        { group: t('editor.stylesOfficial'), items: named(PARAGRAPH_STYLES.slice(2)) },
      ]}
      onChange={(value) => {
        if (!value) return;
        const chain = editor.chain().focus();
        const level = HEADINGS.find((level) => value === `h${level}`);
        if (level) chain.setHeading({ level }).run();
        else chain.setParagraphStyle(value === 'text' ? null : (value as ParagraphStyleName)).run();
      }}
    />
  );
}

export function FontSelect({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const value = useEditorState({ editor, selector: ({ editor }) => fontOf(editor.getAttributes('textStyle').fontFamily as string) });
  return (
    <Select
      aria-label={t('editor.font')}
      placeholder={t('editor.font')}
      w={104}
      flex="none"
      size="xs"
      maxDropdownHeight={360}
      comboboxProps={{ width: 160, position: 'bottom-start' }}
      value={value ?? ''}
      data={[{ value: '', label: t('editor.fontDefault') }, ...(Object.keys(FONTS) as FontName[]).map((font) => ({ value: font, label: t(`editor.fonts.${font}`) }))]}
      renderOption={({ option }) => (
        <span style={{ fontFamily: FONTS[option.value as FontName] }}>{option.label}</span>
      )}
      onChange={(font) => {
        const chain = editor.chain().focus();
        if (font) chain.setFontFamily(FONTS[font as FontName]).run();
        else chain.unsetFontFamily().run();
      }}
    />
  );
}

export function SizeSelect({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const value = useEditorState({ editor, selector: ({ editor }) => (editor.getAttributes('textStyle').fontSize as string | null) ?? '' });
  const named = CHINESE_SIZES.map(([name, size]) => ({ value: size, label: name }));
  const points = POINT_SIZES.map((size) => ({ value: size, label: size.replace('pt', '') }));
  // A size from elsewhere is shown as it is.
  const strange = value && ![...named, ...points].some((size) => size.value === value) ? [{ value, label: value.replace(/p[tx]$/, '') }] : [];
  return (
    <Select
      aria-label={t('editor.fontSize')}
      placeholder={t('editor.fontSize')}
      w={74}
      flex="none"
      size="xs"
      maxDropdownHeight={360}
      comboboxProps={{ width: 110, position: 'bottom-start' }}
      value={value}
      data={[{ value: '', label: t('editor.fontDefault') }, ...named, ...points, ...strange]}
      onChange={(size) => {
        const chain = editor.chain().focus();
        if (size) chain.setFontSize(size).run();
        else chain.unsetFontSize().run();
      }}
    />
  );
}

export function TextTools({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const state = useEditorState({
    editor,
    selector: ({ editor }) => ({
      bold: editor.isActive('bold'),
      italic: editor.isActive('italic'),
      underline: editor.isActive('underline'),
      strike: editor.isActive('strike'),
      code: editor.isActive('code'),
      subscript: editor.isActive('subscript'),
      superscript: editor.isActive('superscript'),
      color: (editor.getAttributes('textStyle').color as string | undefined) ?? null,
      highlight: editor.isActive('highlight') ? ((editor.getAttributes('highlight').color as string | null) ?? BACK_COLORS[0]) : null,
    }),
  });
  const run = () => editor.chain().focus();
  return (
    <ToolbarGroup label={t('editor.groupText')}>
      <ToolbarButton label={t('editor.bold')} shortcut={keys('Mod', 'B')} icon={<IconBold size={18} />} active={state.bold} onClick={() => run().toggleBold().run()} />
      <ToolbarButton label={t('editor.italic')} shortcut={keys('Mod', 'I')} icon={<IconItalic size={18} />} active={state.italic} onClick={() => run().toggleItalic().run()} />
      <ToolbarButton label={t('editor.underline')} shortcut={keys('Mod', 'U')} icon={<IconUnderline size={18} />} active={state.underline} onClick={() => run().toggleUnderline().run()} />
      <ColorMenu
        label={t('editor.color')}
        none={t('editor.colorNone')}
        icon={<IconLetterA size={18} />}
        colors={TEXT_COLORS}
        value={state.color}
        onChoose={(color) => (color ? run().setColor(color).run() : run().unsetColor().run())}
      />
      <ColorMenu
        label={t('editor.highlight')}
        none={t('editor.highlightNone')}
        icon={<IconHighlight size={18} />}
        colors={BACK_COLORS}
        value={state.highlight}
        onChoose={(color) => (color ? run().setHighlight({ color }).run() : run().unsetHighlight().run())}
      />
      <ToolbarMenu label={t('editor.moreText')} icon={<IconDots size={18} />} active={state.strike || state.code || state.subscript || state.superscript}>
        <Menu.Item leftSection={<IconStrikethrough size={16} />} onClick={() => run().toggleStrike().run()}>{t('editor.strike')}</Menu.Item>
        <Menu.Item leftSection={<IconSuperscript size={16} />} onClick={() => run().unsetSubscript().toggleSuperscript().run()}>{t('editor.superscript')}</Menu.Item>
        <Menu.Item leftSection={<IconSubscript size={16} />} onClick={() => run().unsetSuperscript().toggleSubscript().run()}>{t('editor.subscript')}</Menu.Item>
        <Menu.Item leftSection={<IconCode size={16} />} onClick={() => run().toggleCode().run()}>{t('editor.code')}</Menu.Item>
      </ToolbarMenu>
    </ToolbarGroup>
  );
}

export function FormatTools({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const painting = useEditorState({ editor, selector: ({ editor }) => hasFormat(editor.state) });
  return (
    <ToolbarGroup label={t('editor.groupFormat')}>
      <ToolbarButton
        label={t('editor.painter')}
        icon={<IconBrush size={18} />}
        active={painting}
        onClick={() => (painting ? editor.commands.dropFormat() : editor.commands.takeFormat(false))}
        onDoubleClick={() => editor.commands.takeFormat(true)}
      />
      <ToolbarButton
        label={t('editor.clearFormat')}
        shortcut={keys('Mod', '\\')}
        icon={<IconClearFormatting size={18} />}
        onClick={() => clearFormat(editor)}
      />
    </ToolbarGroup>
  );
}
