import { Box, Button, ColorInput, Popover, SimpleGrid, Tooltip, UnstyledButton } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useState, type CSSProperties, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { keepSelection, ToolbarButton } from './controls';
import classes from './toolbar.module.css';

interface Props {
  label: string;
  icon: ReactNode;
  colors: readonly string[];
  /** The one at the cursor. */
  value: string | null;
  /** What having none is called. */
  none: string;
  onChoose: (color: string | null) => void;
  size?: number;
}

/** Offers colours under a button that carries the one at the cursor. */
export function ColorMenu({ label, icon, colors, value, none, onChoose, size }: Props) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const choose = (color: string | null) => {
    onChoose(color);
    setOpened(false);
  };
  return (
    <Popover opened={opened} onChange={setOpened} shadow="md" position="bottom-start" withinPortal>
      <Popover.Target>
        <span className={classes.color} style={{ '--chosen': value ?? 'transparent' } as CSSProperties}>
          <ToolbarButton label={label} icon={icon} size={size} onClick={() => setOpened(!opened)} />
        </span>
      </Popover.Target>
      <Popover.Dropdown p="xs" role="dialog" aria-label={label}>
        <Button variant="subtle" color="gray" size="compact-sm" fullWidth mb={6} onMouseDown={keepSelection} onClick={() => choose(null)}>
          {none}
        </Button>
        <SimpleGrid cols={8} spacing={4} verticalSpacing={4}>
          {colors.map((color) => (
            <Tooltip key={color} label={color} openDelay={700}>
              <UnstyledButton
                className={classes.swatch}
                style={{ background: color }}
                aria-label={`${label} ${color}`}
                aria-pressed={color === value}
                onMouseDown={keepSelection}
                onClick={() => choose(color)}
              >
                {color === value && <IconCheck size={14} />}
              </UnstyledButton>
            </Tooltip>
          ))}
        </SimpleGrid>
        <Box mt={8}>
          <ColorInput
            size="xs"
            aria-label={t('editor.otherColor')}
            placeholder={t('editor.otherColor')}
            format="hex"
            eyeDropperButtonProps={{ 'aria-label': t('editor.pickColor') }}
            popoverProps={{ withinPortal: false }}
            onChangeEnd={(color) => /^#[\da-f]{6}$/i.test(color) && onChoose(color)}
          />
        </Box>
      </Popover.Dropdown>
    </Popover>
  );
}
