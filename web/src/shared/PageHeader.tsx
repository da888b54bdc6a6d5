import { Box, Group, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  title: string;
  /** Breadcrumbs above the title. */
  above?: ReactNode;
  /** Buttons at the right. */
  children?: ReactNode;
}

/** The top of a page: where it is, what it is, what can be done with it. */
export function PageHeader({ title, above, children }: Props) {
  return (
    <Box px="md" pt="md" pb="sm" component="header">
      {above}
      <Group justify="space-between" gap="sm" mih={36}>
        <Title order={1} size="h3" lineClamp={2} flex={1} miw={0}>
          {title}
        </Title>
        <Group gap="xs" wrap="nowrap">
          {children}
        </Group>
      </Group>
    </Box>
  );
}
