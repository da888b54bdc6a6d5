import { Stack, Text, ThemeIcon } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  icon: ReactNode;
  title: string;
  /** The whole page is this state, so its title is the page's. */
  isPage?: boolean;
  text?: string;
  children?: ReactNode;
}

/** What a list shows when it has nothing: what would be here, and how to get it here. */
export function EmptyState({ icon, title, isPage = false, text, children }: Props) {
  return (
    <Stack align="center" gap="xs" py={64} px="md" ta="center">
      <ThemeIcon size={64} radius="xl" variant="light" color="gray" mb="xs">
        {icon}
      </ThemeIcon>
      <Text fw={600} component={isPage ? 'h1' : 'p'} m={0}>
        {title}
      </Text>
      {text && (
        <Text size="sm" c="dimmed" maw={420}>
          {text}
        </Text>
      )}
      {children}
    </Stack>
  );
}
