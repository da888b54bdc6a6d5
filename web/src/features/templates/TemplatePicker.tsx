import { Radio, SimpleGrid, Text } from '@mantine/core';
import { IconCalendarWeek, IconFile, IconListDetails, IconSpeakerphone, IconUsers } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './templates.module.css';
import { TEMPLATES, type TemplateName } from './templates';

const ICONS: Record<TemplateName, React.ReactNode> = {
  blank: <IconFile size={22} />,
  minutes: <IconUsers size={22} />,
  notice: <IconSpeakerphone size={22} />,
  plan: <IconListDetails size={22} />,
  weekly: <IconCalendarWeek size={22} />,
  official: <span className={classes.official}>文件</span>,
};

interface Props {
  value: TemplateName;
  onChange: (name: TemplateName) => void;
  /** Left out where an empty page would make no difference. */
  blank?: boolean;
}

/** Cards to choose a template from. */
export function TemplatePicker({ value, onChange, blank = true }: Props) {
  const { t } = useTranslation();
  return (
    <Radio.Group value={value} onChange={(name) => onChange(name as TemplateName)} label={t('templates.label')}>
      <SimpleGrid cols={{ base: 2, xs: 3 }} spacing="xs" mt={6}>
        {TEMPLATES.filter((name) => blank || name !== 'blank').map((name) => (
          <Radio.Card key={name} value={name} className={classes.card} aria-label={t(`templates.${name}`)}>
            <span className={classes.icon} data-template={name} aria-hidden>
              {ICONS[name]}
            </span>
            <span>
              <Text size="sm" fw={600} lh={1.3}>
                {t(`templates.${name}`)}
              </Text>
              <Text size="xs" c="dimmed" lh={1.3}>
                {t(`templates.${name}Text`)}
              </Text>
            </span>
          </Radio.Card>
        ))}
      </SimpleGrid>
    </Radio.Group>
  );
}
