// Where do things beside the text go? One area at the right with tabs; on a narrow screen a drawer over the text.
//
// Whoever adds a panel gives it an id, a name, an icon and its content, and lists it where the page is put together.
import { ActionIcon, CloseButton, Drawer, Indicator, Tabs, Tooltip } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './SidePanel.module.css';

export interface Panel {
  id: string;
  label: string;
  icon: ReactNode;
  /** What waits there, for instance open comments; nothing for 0. */
  count?: number;
  /** Called only while the panel is shown. `narrow`: it covers the text, so going somewhere in the text should `close` it. */
  render: (place: { narrow: boolean; close: () => void }) => ReactNode;
}

interface Props {
  panels: Panel[];
  /** Id of the panel that is shown, if any. */
  open: string | null;
  onOpen: (id: string | null) => void;
}

/** The buttons that open the panels, for the head of the page. */
export function PanelButtons({ panels, open, onOpen }: Props) {
  return panels.map((panel) => (
    <Tooltip key={panel.id} label={panel.label}>
      <Indicator label={panel.count} disabled={!panel.count} size={16} offset={4}>
        <ActionIcon
          variant={open === panel.id ? 'light' : 'subtle'}
          color={open === panel.id ? undefined : 'gray'}
          size="lg"
          aria-label={panel.label}
          aria-expanded={open === panel.id}
          onClick={() => onOpen(open === panel.id ? null : panel.id)}
        >
          {panel.icon}
        </ActionIcon>
      </Indicator>
    </Tooltip>
  ));
}

/** The open panel, with tabs to the others. */
export function SidePanel({ panels, open, onOpen }: Props) {
  const { t } = useTranslation();
  const narrow = useMediaQuery('(max-width: 62em)') ?? false;
  const close = () => onOpen(null);
  const shown = panels.find((panel) => panel.id === open);

  if (narrow) {
    return (
      <Drawer opened={shown !== undefined} onClose={close} position="right" size="min(92vw, 380px)" closeButtonProps={{ 'aria-label': t('common.close') }} title={shown?.label} padding="sm">
        {shown?.render({ narrow, close })}
      </Drawer>
    );
  }
  if (!shown) return null;
  return (
    <aside className={classes.panel} aria-label={t('editor.sidePanel')}>
      <Tabs value={shown.id} onChange={onOpen} keepMounted={false} className={classes.tabs}>
        <div className={classes.head}>
          <Tabs.List className={classes.list}>
            {panels.map((panel) => (
              <Tabs.Tab key={panel.id} value={panel.id} px="xs">
                {panel.label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <CloseButton aria-label={t('common.close')} onClick={close} />
        </div>
        <Tabs.Panel value={shown.id} className={classes.content}>
          {shown.render({ narrow, close })}
        </Tabs.Panel>
      </Tabs>
    </aside>
  );
}
