import { Stack, Title } from '@mantine/core';
import type { DocumentView } from '../../api/types';

interface Props {
  document: DocumentView;
}

export function EditorPage({ document }: Props) {
  return (
    <Stack p="md">
      <Title order={2}>{document.name}</Title>
    </Stack>
  );
}
