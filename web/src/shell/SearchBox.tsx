import { ActionIcon, Combobox, Group, Text, TextInput, useCombobox } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconArrowLeft, IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useSearchParams } from 'react-router';
import { api } from '../api/client';
import type { Page, Suggestion } from '../api/types';
import { FileIcon } from '../features/documents/FileIcon';

interface Props {
  autoFocus?: boolean;
  /** On phones the box takes the whole bar and needs a way back. */
  onClose?: () => void;
}

function useSuggestions(q: string) {
  return useQuery({
    queryKey: ['suggest', q],
    queryFn: ({ signal }) => api.get<Page<Suggestion>>('/suggest', { q }, signal),
    enabled: q !== '',
    placeholderData: keepPreviousData,
    retry: false,
  });
}

/** The search field of the top bar: Enter searches the text, a suggestion opens the document. */
export function SearchBox(props: Props) {
  const location = useLocation();
  const [params] = useSearchParams();
  const searched = location.pathname === '/search' ? (params.get('q') ?? '') : '';
  // The page's own search is what the field begins with, also after going back.
  return <SearchField key={searched} searched={searched} {...props} />;
}

function SearchField({ autoFocus, onClose, searched }: Props & { searched: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [value, setValue] = useState(searched);
  const [q] = useDebouncedValue(value.trim(), 150);
  const suggestions = useSuggestions(q);
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const items = value.trim() === '' ? [] : (suggestions.data?.items ?? []);

  function search() {
    combobox.closeDropdown();
    const text = value.trim();
    if (text !== '') void navigate(`/search?q=${encodeURIComponent(text)}`);
  }

  function handleSubmit(event: FormEvent) {
    event.preventDefault();
    search();
  }

  function handleChoice(choice: string) {
    if (choice === '') return search();
    combobox.closeDropdown();
    setValue('');
    void navigate(`/documents/${choice}`);
  }

  return (
    <form role="search" onSubmit={handleSubmit}>
      <Group gap="xs" wrap="nowrap">
        {onClose && (
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('common.back')} onClick={onClose}>
            <IconArrowLeft size={20} />
          </ActionIcon>
        )}
        <Combobox store={combobox} onOptionSubmit={handleChoice} shadow="md">
          <Combobox.Target>
            <TextInput
              flex={1}
              type="search"
              name="q"
              aria-label={t('shell.searchLabel')}
              placeholder={t('shell.searchPlaceholder')}
              leftSection={<IconSearch size={18} />}
              autoComplete="off"
              autoFocus={autoFocus}
              value={value}
              onChange={(event) => {
                setValue(event.currentTarget.value);
                combobox.openDropdown();
                combobox.resetSelectedOption();
              }}
              onFocus={() => value !== '' && combobox.openDropdown()}
              onBlur={() => combobox.closeDropdown()}
            />
          </Combobox.Target>
          <Combobox.Dropdown hidden={value.trim() === ''}>
            <Combobox.Options aria-label={t('shell.suggestions')}>
              {items.slice(0, 8).map((item) => (
                <Combobox.Option key={item.document_id} value={item.document_id}>
                  <Group gap="sm" wrap="nowrap">
                    <FileIcon kind={item.kind} mediaType={item.media_type} name={item.name} size={20} />
                    <div style={{ minWidth: 0 }}>
                      <Text size="sm" truncate>
                        {item.name}
                      </Text>
                      <Text size="xs" c="dimmed" truncate>
                        {item.path}
                      </Text>
                    </div>
                  </Group>
                </Combobox.Option>
              ))}
              <Combobox.Option value="">
                <Group gap="sm" wrap="nowrap">
                  <IconSearch size={18} />
                  <Text size="sm" truncate>
                    {t('shell.searchAll', { q: value.trim() })}
                  </Text>
                </Group>
              </Combobox.Option>
            </Combobox.Options>
          </Combobox.Dropdown>
        </Combobox>
      </Group>
    </form>
  );
}
