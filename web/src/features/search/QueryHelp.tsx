import { Anchor, Code, Table, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import i18n from '../../i18n/i18n';
import { searchAddress } from './searchState';

const EXAMPLES = ['words', 'phrase', 'number', 'not', 'or', 'type', 'author', 'tag', 'in', 'time', 'property', 'pinyin'] as const;

/** The query language by examples; each can be tried. */
export function Examples({ onTry }: { onTry?: () => void }) {
  const { t } = useTranslation();
  return (
    <Table verticalSpacing={6} withRowBorders layout="auto">
      <Table.Tbody>
        {EXAMPLES.map((key) => {
          const example = t(`search.example.${key}`);
          return (
            <Table.Tr key={key}>
              <Table.Td w="42%">
                <Anchor component={Link} to={searchAddress({ q: example })} onClick={onTry} underline="never">
                  <Code fz="sm" c="inherit">
                    {example}
                  </Code>
                </Anchor>
              </Table.Td>
              <Table.Td fz="sm">{t(`search.exampleText.${key}`)}</Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}

export function openQueryHelp(): void {
  const id = modals.open({
    title: i18n.t('search.help'),
    size: 'lg',
    closeButtonProps: { 'aria-label': i18n.t('common.close') },
    children: (
      <>
        <Examples onTry={() => modals.close(id)} />
        <Text size="sm" c="dimmed" mt="sm">
          {i18n.t('search.helpNote')}
        </Text>
      </>
    ),
  });
}
