import { ActionIcon, CloseButton, Combobox, Group, Text, TextInput, useCombobox } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconArrowLeft, IconHistory, IconSearch, IconTag, IconUser } from '@tabler/icons-react';
import { useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useSearchParams } from 'react-router';
import { FileIcon } from '../features/documents/FileIcon';
import { useForgetSearch, useRememberSearch, useSuggestions } from '../features/search/api';
import { searchAddress } from '../features/search/searchState';
import classes from './SearchBox.module.css';

interface Props {
  autoFocus?: boolean;
  /** On phones the box takes the whole bar and needs a way back. */
  onClose?: () => void;
}

/** The search field of the top bar: Enter searches the text, a suggestion opens what it names. */
export function SearchBox({ autoFocus, onClose }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const location = useLocation();
  const [params] = useSearchParams();
  const searched = location.pathname === '/search' ? (params.get('q') ?? '') : '';
  const input = useRef<HTMLInputElement>(null);
  const [value, setValue] = useState(searched);
  const [settled, setSettled] = useState(searched.trim());
  const [shown, setShown] = useState(searched);
  const [expected, setExpected] = useState(searched);
  if (shown !== searched) {
    setShown(searched);
    // The page's own search is what the field begins with, also after going back. A page that this field asked for
    // changes nothing: whoever is quick has typed on meanwhile.
    if (searched !== expected) {
      setExpected(searched);
      setValue(searched);
      setSettled(searched.trim());
    }
  }
  // Half of a word in an input method is no text yet.
  const [composing, setComposing] = useState(false);
  const [q] = useDebouncedValue(settled, 120);
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const remember = useRememberSearch();
  const forget = useForgetSearch();
  const suggestions = useSuggestions(q, combobox.dropdownOpened);
  const { documents = [], people = [], tags = [], searches = [] } = suggestions.data ?? {};
  const typed = value.trim() !== '';
  // Nothing of the answer for other words stays when the field was emptied.
  const offered = typed ? { documents, people, tags } : { documents: [], people: [], tags: [] };

  function search(text: string) {
    combobox.closeDropdown();
    const q = text.trim();
    if (q === '') return;
    setValue(q);
    setExpected(q);
    input.current?.blur();
    remember.mutate(q);
    void navigate(`/search?q=${encodeURIComponent(q)}`);
  }

  function handleSubmit(event: FormEvent) {
    event.preventDefault();
    if (!composing) search(value);
  }

  function handleChoice(choice: string) {
    const [kind, what = ''] = [choice.slice(0, choice.indexOf(' ')), choice.slice(choice.indexOf(' ') + 1)];
    if (kind === 'all') return search(value);
    if (kind === 'search') return search(what);
    combobox.closeDropdown();
    setValue('');
    setSettled('');
    setExpected('');
    input.current?.blur();
    if (kind === 'document') void navigate(`/documents/${what}`);
    else void navigate(searchAddress({ filters: [{ key: kind, values: [what] }] }));
  }

  const settle = (text: string) => setSettled(text.trim());
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
              ref={input}
              flex={1}
              type="search"
              name="q"
              aria-label={t('shell.searchLabel')}
              placeholder={t('shell.searchPlaceholder')}
              leftSection={<IconSearch size={18} />}
              rightSection={
                value !== '' && (
                  <CloseButton
                    size="sm"
                    aria-label={t('shell.clearSearch')}
                    onMouseDown={(event) => event.preventDefault()}
                    onClick={() => {
                      setValue('');
                      setSettled('');
                      input.current?.focus();
                      combobox.openDropdown();
                    }}
                  />
                )
              }
              classNames={{ input: classes.input }}
              autoComplete="off"
              spellCheck={false}
              autoFocus={autoFocus}
              value={value}
              onChange={(event) => {
                const text = event.currentTarget.value;
                setValue(text);
                if (!composing) settle(text);
                combobox.openDropdown();
                combobox.resetSelectedOption();
              }}
              onCompositionStart={() => setComposing(true)}
              onCompositionEnd={(event) => {
                setComposing(false);
                settle(event.currentTarget.value);
              }}
              onFocus={() => combobox.openDropdown()}
              onClick={() => combobox.openDropdown()}
              onBlur={() => combobox.closeDropdown()}
            />
          </Combobox.Target>
          <Combobox.Dropdown hidden={!typed && searches.length === 0}>
            <Combobox.Options aria-label={t('shell.suggestions')} className={classes.options}>
              {searches.length > 0 && (
                <Combobox.Group label={t('shell.earlierSearches')}>
                  {searches.map((one) => (
                    <Combobox.Option key={one.id} value={`search ${one.q}`}>
                      <Group gap="sm" wrap="nowrap">
                        <IconHistory size={18} className={classes.icon} aria-hidden />
                        <Text size="sm" truncate flex={1}>
                          {one.q}
                        </Text>
                        <CloseButton
                          size="xs"
                          tabIndex={-1}
                          aria-label={t('shell.forgetSearch', { q: one.q })}
                          onMouseDown={(event) => event.preventDefault()}
                          onClick={(event) => {
                            event.stopPropagation();
                            forget.mutate(one.id);
                          }}
                        />
                      </Group>
                    </Combobox.Option>
                  ))}
                </Combobox.Group>
              )}
              {offered.documents.length > 0 && (
                <Combobox.Group label={t('shell.documents')}>
                  {offered.documents.map((one) => (
                    <Combobox.Option key={one.document_id} value={`document ${one.document_id}`}>
                      <Group gap="sm" wrap="nowrap">
                        <FileIcon kind={one.kind} mediaType={one.media_type} name={one.name} size={20} />
                        <div style={{ minWidth: 0 }}>
                          <Text size="sm" truncate>
                            {one.name}
                          </Text>
                          <Text size="xs" c="dimmed" truncate>
                            {one.path}
                          </Text>
                        </div>
                      </Group>
                    </Combobox.Option>
                  ))}
                </Combobox.Group>
              )}
              <Values kind="author" label={t('shell.people')} icon={<IconUser size={18} className={classes.icon} aria-hidden />} names={offered.people} />
              <Values kind="tag" label={t('shell.tags')} icon={<IconTag size={18} className={classes.icon} aria-hidden />} names={offered.tags} />
              {typed && (
                <Combobox.Option value="all ">
                  <Group gap="sm" wrap="nowrap">
                    <IconSearch size={18} className={classes.icon} aria-hidden />
                    <Text size="sm" truncate>
                      {t('shell.searchAll', { q: value.trim() })}
                    </Text>
                  </Group>
                </Combobox.Option>
              )}
            </Combobox.Options>
          </Combobox.Dropdown>
        </Combobox>
      </Group>
    </form>
  );
}

/** People or tags: chosen, everything of theirs is listed. */
function Values({ kind, label, icon, names }: { kind: string; label: string; icon: ReactNode; names: { name: string }[] }) {
  if (names.length === 0) return null;
  return (
    <Combobox.Group label={label}>
      {names.map(({ name }) => (
        <Combobox.Option key={name} value={`${kind} ${name}`}>
          <Group gap="sm" wrap="nowrap">
            {icon}
            <Text size="sm" truncate>
              {name}
            </Text>
          </Group>
        </Combobox.Option>
      ))}
    </Combobox.Group>
  );
}
