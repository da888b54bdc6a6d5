import { TagsInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../../api/client';
import { useTagFacet } from '../api';
import { cleanText } from '../values';

interface Props {
  /** Whose tags are offered. */
  folderId: string;
  tags: string[];
  label: string;
  placeholder?: string;
  readOnly?: boolean;
  error?: string;
  description?: string;
  onChange: (tags: string[]) => void;
}

/** Tags that begin with, contain or sound like what was typed, from everything that the caller may read. */
function useSuggestedTags(text: string): string[] {
  const [typed] = useDebouncedValue(cleanText(text), 150);
  const found = useQuery({
    queryKey: ['suggest', 'tags', typed],
    queryFn: ({ signal }) => api.get<{ tags?: { name: string }[] }>('/suggest', { q: typed }, signal),
    enabled: typed !== '',
    retry: false,
  });
  return useMemo(() => found.data?.tags?.map((tag) => tag.name) ?? [], [found.data]);
}

/** Tags as people give them: those in use are offered, others are made by typing them. */
export function TagsField({ folderId, tags, label, placeholder, readOnly = false, error, description, onChange }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const used = useTagFacet(folderId);
  const suggested = useSuggestedTags(text);
  const offered = useMemo(() => [...new Set([...suggested, ...used.map((tag) => tag.value)])], [suggested, used]);
  return (
    <TagsInput
      label={label}
      description={description}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      placeholder={readOnly || tags.length > 0 ? undefined : (placeholder ?? t('records.tagsPlaceholder'))}
      value={tags}
      readOnly={readOnly}
      searchValue={text}
      onSearchChange={setText}
      // What was pronounced is offered as well, so that the list is not narrowed to what was typed.
      filter={({ options, search }) => (search && suggested.length > 0 ? options.filter((option) => 'label' in option && matches(option.label, search, suggested)) : options.filter((option) => 'label' in option && option.label.includes(search)))}
      data={offered}
      onChange={(next) => onChange([...new Set(next.map(cleanText).filter((tag) => tag !== ''))])}
      splitChars={[',', '，', '、', ';', '；']}
      acceptValueOnBlur
      clearable={false}
      error={error}
      size="sm"
      comboboxProps={{ withinPortal: true }}
    />
  );
}

function matches(tag: string, text: string, suggested: string[]): boolean {
  return tag.includes(text.trim()) || suggested.includes(tag);
}
