import { Button, Group, Modal, ScrollArea, SegmentedControl, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Decision, Question } from './manager';

/** Asks once for everything that exists already: all as new versions, none, or file by file. */
export function ConflictDialog({ question }: { question: Question }) {
  const { t } = useTranslation();
  const [choices, setChoices] = useState(() => new Map<number, Decision>(question.names.map(({ key }) => [key, 'version'])));
  const options = [
    { value: 'version', label: t('uploads.conflict.version') },
    { value: 'skip', label: t('uploads.conflict.skip') },
  ];
  const all = (decision: Decision) => new Map(question.names.map(({ key }) => [key, decision] as const));
  return (
    <Modal
      opened
      onClose={() => question.answer(null)}
      title={t('uploads.conflict.title', { count: question.names.length })}
      size="lg"
      centered
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        <Text size="sm">{t('uploads.conflict.text')}</Text>
        {question.names.length > 1 && (
          <Group gap="xs">
            <Button size="compact-sm" variant="default" onClick={() => setChoices(all('version'))}>
              {t('uploads.conflict.allVersion')}
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => setChoices(all('skip'))}>
              {t('uploads.conflict.allSkip')}
            </Button>
          </Group>
        )}
        <ScrollArea.Autosize mah="45vh" type="auto">
          <Stack gap={6} component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
            {question.names.map(({ key, name, folder }) => (
              <Group key={key} component="li" justify="space-between" wrap="nowrap">
                <div style={{ minWidth: 0 }}>
                  <Text size="sm" truncate title={name}>
                    {name}
                  </Text>
                  {folder && (
                    <Text size="xs" c="dimmed" truncate>
                      {folder}
                    </Text>
                  )}
                </div>
                <SegmentedControl
                  size="xs"
                  aria-label={name}
                  data={options}
                  value={choices.get(key)}
                  onChange={(value) => setChoices(new Map(choices).set(key, value as Decision))}
                  style={{ flex: 'none' }}
                />
              </Group>
            ))}
          </Stack>
        </ScrollArea.Autosize>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => question.answer(null)}>
            {t('uploads.conflict.giveUp')}
          </Button>
          <Button onClick={() => question.answer(choices)} data-autofocus>
            {t('uploads.conflict.start')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
