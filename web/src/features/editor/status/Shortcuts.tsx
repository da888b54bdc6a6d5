import { Kbd, Modal, SimpleGrid, Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { zhCN } from '../zh-CN';
import { keys } from '../toolbar/controls';

type Key = keyof typeof zhCN;

const GROUPS: { title: Key; rows: [Key, string[]][] }[] = [
  {
    title: 'editor.groupText',
    rows: [
      ['editor.bold', ['Mod', 'B']],
      ['editor.italic', ['Mod', 'I']],
      ['editor.underline', ['Mod', 'U']],
      ['editor.strike', ['Mod', 'Shift', 'S']],
      ['editor.subscript', ['Mod', ',']],
      ['editor.superscript', ['Mod', '.']],
      ['editor.link', ['Mod', 'K']],
      ['editor.clearFormat', ['Mod', '\\']],
    ],
  },
  {
    title: 'editor.groupParagraph',
    rows: [
      ['editor.headingKeys', ['Mod', 'Alt', '1…6']],
      ['editor.paragraph', ['Mod', 'Alt', '0']],
      ['editor.orderedList', ['Mod', 'Shift', '7']],
      ['editor.bulletList', ['Mod', 'Shift', '8']],
      ['editor.taskList', ['Mod', 'Shift', '9']],
      ['editor.indent', ['Tab']],
      ['editor.outdent', ['Shift', 'Tab']],
      ['editor.alignCenter', ['Mod', 'Shift', 'E']],
      ['editor.alignJustify', ['Mod', 'Shift', 'J']],
    ],
  },
  {
    title: 'editor.groupInsert',
    rows: [
      ['editor.mention', ['@']],
      ['editor.pageBreak', ['Mod', 'Enter']],
      ['editor.lineBreak', ['Shift', 'Enter']],
      ['editor.plainPaste', ['Mod', 'Shift', 'V']],
    ],
  },
  {
    title: 'editor.groupOther',
    rows: [
      ['editor.undo', ['Mod', 'Z']],
      ['editor.redo', ['Mod', 'Y']],
      ['editor.find', ['Mod', 'F']],
      ['editor.replace', ['Mod', 'H']],
      ['editor.print', ['Mod', 'P']],
      ['editor.shortcuts', ['Mod', '/']],
    ],
  },
];

export function Shortcuts({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t('editor.shortcuts')} size="xl" centered closeButtonProps={{ 'aria-label': t('common.close') }}>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
        {GROUPS.map(({ title, rows }) => (
          <div key={title}>
            <Text fw={600} size="sm" mb={4}>
              {t(title)}
            </Text>
            <Table withRowBorders={false} verticalSpacing={3} fz="sm">
              <Table.Tbody>
                {rows.map(([name, combination]) => (
                  <Table.Tr key={name}>
                    <Table.Td>{t(name, { level: '1–6' })}</Table.Td>
                    <Table.Td ta="right">
                      <Kbd size="xs">{keys(...combination)}</Kbd>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
        ))}
      </SimpleGrid>
    </Modal>
  );
}
