// The pieces that all tools are made of. None of them takes the selection out of the text.
import { ActionIcon, Divider, Group, Menu, Tooltip, type MenuProps } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import type { MouseEvent, ReactNode } from 'react';
import classes from './toolbar.module.css';

/** Keeps the focus, and with it the selection, in the text. */
export const keepSelection = (event: MouseEvent) => event.preventDefault();

/** `Ctrl+B`, or `⌘B` on a Mac. */
export function keys(...names: string[]): string {
  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  const signs: Record<string, string> = mac ? { Mod: '⌘', Shift: '⇧', Alt: '⌥' } : { Mod: 'Ctrl' };
  return names.map((name) => signs[name] ?? name).join(mac ? '' : '+');
}

interface ButtonProps {
  label: string;
  icon: ReactNode;
  /** Shown in the tooltip, not in the name. */
  shortcut?: string;
  active?: boolean;
  disabled?: boolean;
  size?: number;
  onClick: () => void;
  onDoubleClick?: () => void;
}

export function ToolbarButton({ label, icon, shortcut, active, disabled, size = 34, onClick, onDoubleClick }: ButtonProps) {
  return (
    <Tooltip label={shortcut ? `${label}（${shortcut}）` : label} openDelay={500}>
      <ActionIcon
        variant={active ? 'light' : 'subtle'}
        color={active ? undefined : 'gray'}
        size={size}
        aria-label={label}
        aria-pressed={active}
        disabled={disabled}
        onMouseDown={keepSelection}
        onClick={onClick}
        onDoubleClick={onDoubleClick}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

interface MenuButtonProps {
  label: string;
  icon: ReactNode;
  active?: boolean;
  children: ReactNode;
  /** Only the small arrow, beside a button that does the usual thing. */
  arrowOnly?: boolean;
  menu?: MenuProps;
}

/** A button with a menu below. */
export function ToolbarMenu({ label, icon, active, children, arrowOnly, menu }: MenuButtonProps) {
  return (
    <Menu shadow="md" withinPortal position="bottom-start" returnFocus={false} {...menu}>
      <Menu.Target>
        <Tooltip label={label} openDelay={500}>
          <ActionIcon
            variant={active ? 'light' : 'subtle'}
            color={active ? undefined : 'gray'}
            h={34}
            w={arrowOnly ? 18 : 44}
            aria-label={label}
            onMouseDown={keepSelection}
          >
            {!arrowOnly && icon}
            <IconChevronDown size={12} className={classes.arrow} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown className={classes.dropdown}>{children}</Menu.Dropdown>
    </Menu>
  );
}

export function ToolbarGroup({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Group role="group" aria-label={label} gap={2} wrap="nowrap" className={classes.group}>
      {children}
    </Group>
  );
}

export function Separator() {
  return <Divider orientation="vertical" mx={4} my={6} />;
}
