import { ActionIcon, CloseButton, Group, Popover, Text, TextInput, Tooltip, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconListDetails, IconSearch } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../api/client';
import { errorText } from '../../i18n/errorText';
import classes from './viewer.module.css';
import type { Finding } from './useFinding';

/** How long typing may pause before it is looked for. */
const SETTLE_MS = 250;

/** Looks for words in the document and steps from hit to hit. Over the pages as long as it is wanted. */
export function FindBar({ finding, focus }: { finding: Finding; focus: number }) {
  const { t } = useTranslation();
  const { wanted, hits, total, outside, current } = finding;
  const asked = wanted?.text ?? wanted?.q ?? '';
  const input = useRef<HTMLInputElement>(null);
  const [value, setValue] = useState(asked);
  const [composing, setComposing] = useState(false);

  // Asked for by Ctrl+F, the words are there to be typed over.
  useEffect(() => {
    if (focus === 0) return;
    input.current?.focus();
    input.current?.select();
  }, [focus]);

  const sent = useRef(asked);
  const { setText } = finding;
  useEffect(() => {
    if (composing || value.trim() === sent.current) return;
    const wait = setTimeout(() => {
      sent.current = value.trim();
      setText(value);
    }, SETTLE_MS);
    return () => clearTimeout(wait);
  }, [value, composing, setText]);

  const handleKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || event.nativeEvent.keyCode === 229) return;
    if (event.key === 'Escape') finding.close();
    else if (event.key === 'Enter' && event.target === input.current) {
      // Typed and entered at once: first it has to be looked for.
      if (value.trim() !== sent.current) {
        sent.current = value.trim();
        setText(value);
      } else finding.go(event.shiftKey ? -1 : 1);
    } else return;
    event.preventDefault();
  };

  const told = () => {
    if (!wanted) return '';
    if (hits.error) return hits.error instanceof ApiError && hits.error.code === 'query_syntax' ? t('viewer.findSyntax') : errorText(t, hits.error);
    if (!hits.data) return '…';
    if (total > 0) return t('viewer.hitOf', { current: current ?? 1, total });
    return outside > 0 ? t('viewer.hitsOutside', { count: outside }) : t('viewer.noHits');
  };
  const button = (label: string, icon: React.ReactNode, onClick: () => void) => (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} disabled={total === 0} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
  return (
    <div className={classes.find} role="search" aria-label={t('viewer.find')} onKeyDown={handleKey}>
      <Group gap={4} wrap="nowrap">
        <TextInput
          ref={input}
          className={classes.findInput}
          size="xs"
          aria-label={t('viewer.findWords')}
          placeholder={t('viewer.findWords')}
          leftSection={<IconSearch size={14} />}
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
          onCompositionStart={() => setComposing(true)}
          onCompositionEnd={() => setComposing(false)}
          autoComplete="off"
          spellCheck={false}
        />
        <Text size="xs" c={wanted && hits.data && total === 0 ? 'orange' : 'dimmed'} className={classes.findCount} role="status" aria-live="polite">
          {told()}
        </Text>
        {button(t('viewer.previousHit'), <IconArrowUp size={16} />, () => finding.go(-1))}
        {button(t('viewer.nextHit'), <IconArrowDown size={16} />, () => finding.go(1))}
        <HitPages finding={finding} />
        <CloseButton aria-label={t('common.close')} onClick={finding.close} />
      </Group>
    </div>
  );
}

/** The pages with hits, each with how many: goes to one at a click. */
function HitPages({ finding }: { finding: Finding }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <Tooltip label={t('viewer.hitPages')} disabled={opened}>
          <ActionIcon variant="subtle" color="gray" aria-label={t('viewer.hitPages')} aria-expanded={opened} disabled={finding.counts.length === 0} onClick={() => setOpened(!opened)}>
            <IconListDetails size={16} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p={0}>
        <Text size="xs" c="dimmed" px="sm" py={6}>
          {t('viewer.pagesWithHits', { count: finding.counts.length })}
        </Text>
        {opened && <PageChoice finding={finding} onChosen={() => setOpened(false)} />}
      </Popover.Dropdown>
    </Popover>
  );
}

const ROW = 32;

function PageChoice({ finding, onChosen }: { finding: Finding; onChosen: () => void }) {
  const { t } = useTranslation();
  const scroll = useRef<HTMLDivElement>(null);
  const { counts, current } = finding;
  const here = current === null ? -1 : counts.findIndex((count) => count.first <= current && current < count.first + count.hits);
  const virtual = useVirtualizer({
    count: counts.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    initialOffset: Math.max(0, here - 4) * ROW,
    overscan: 6,
  });
  return (
    <div ref={scroll} className={classes.hitPages} role="list" aria-label={t('viewer.hitPages')}>
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map((item) => {
          const count = counts[item.index]!;
          return (
            <div key={item.key} role="listitem" className={classes.hitPage} style={{ top: item.start, height: ROW }}>
              <UnstyledButton
                data-here={item.index === here || undefined}
                onClick={() => {
                  // Of a hit that only ends here, the next one is what is new on this page.
                  const own = counts[item.index - 1];
                  const first = own && own.first + own.hits > count.first && count.hits > 1 ? count.first + 1 : count.first;
                  finding.choose(first);
                  onChosen();
                }}
              >
                <span>{t('viewer.pageNumber', { number: count.page })}</span>
                <span>{t('viewer.hitsOnPage', { count: count.hits })}</span>
              </UnstyledButton>
            </div>
          );
        })}
      </div>
    </div>
  );
}
