import { ActionIcon, Alert, Button, Center, Drawer, Group, Progress, SegmentedControl, Stack, Text, Title, Tooltip } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { modals } from '@mantine/modals';
import { IconArrowLeft, IconFlag, IconHistory, IconListDetails, IconRefresh, IconRestore } from '@tabler/icons-react';
import { getSchema } from '@tiptap/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams, useSearchParams } from 'react-router';
import type { DocumentView, MomentView } from '../../api/types';
import { EmptyState } from '../../shared/EmptyState';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { Loading } from '../../shared/Loading';
import { openNameDialog } from '../../shared/NameDialog';
import { notifyDone } from '../../shared/notify';
import { useTitle } from '../../shared/useTitle';
import { useDocument } from '../documents/api';
import { schemaExtensions } from '../editor/extensions';
import { useRenameVersion } from '../versions/api';
import { useNameMoment, useTimeline } from './api';
import { colorsOf } from './colors';
import classes from './history.module.css';
import { MomentSlider } from './MomentSlider';
import { formatMoment } from './time';
import { Shares } from './Shares';
import { StateLine } from './StateLine';
import { TextView } from './TextView';
import { Timeline } from './Timeline';
import { useComparison, useLedger } from './useLedger';
import { useRestoring } from './useRestoring';

/** What happened between two moments · what the page said at one · what differs from now. */
export type View = 'changes' | 'then' | 'now';
const VIEWS: View[] = ['changes', 'then', 'now'];

/** The history of a page: who wrote what when; any moment can be opened, compared, named and restored. */
export function HistoryPage() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const document = useDocument(id);
  useTitle(document.data && `${t('history.title')} · ${document.data.name}`);
  if (document.isPending) return <Loading />;
  if (!document.data) {
    return (
      <div style={{ padding: 16 }}>
        <ErrorNotice error={document.error} onRetry={() => void document.refetch()} />
      </div>
    );
  }
  return <History key={id} document={document.data} />;
}

function History({ document }: { document: DocumentView }) {
  const { t } = useTranslation();
  const phone = useMediaQuery('(max-width: 48em)') ?? false;
  const [params, setParams] = useSearchParams();
  const timeline = useTimeline(document.id);
  const pages = timeline.data?.pages;
  const bursts = useMemo(() => pages?.flatMap((page) => page.bursts) ?? [], [pages]);
  const moments = useMemo(() => pages?.flatMap((page) => page.moments) ?? [], [pages]);
  const end = pages?.[0]?.last_seq ?? 0;
  const readable = document.kind === 'page';
  const ledger = useLedger(document.id, readable ? end : 0);
  const { engine, lastSeq, stops } = ledger;
  const names = useMemo(() => new Map(bursts.flatMap((burst) => burst.authors.map(({ id, name }) => [id, name]))), [bursts]);
  // The stream may come from the cache of the browser; names change.
  const people = useMemo(() => ledger.people.map(({ id, name }) => ({ id, name: names.get(id) || name })), [ledger.people, names]);

  const color = useMemo(() => colorsOf([...people.map(({ id }) => id), ...names.keys()]), [people, names]);

  // Which moment; the newest until one is chosen.
  const [chosen, setChosen] = useState<[from: number, to: number] | null>(() => {
    const at = Number(params.get('at'));
    return at > 0 ? [Math.max(at - 1, 0), at] : null;
  });
  const [view, setView] = useState<View>(() => VIEWS.find((one) => one === params.get('view')) ?? 'changes');
  const newest = bursts[0];
  const [from, seq] = chosen ?? [newest ? newest.from_seq - 1 : 0, newest?.to_seq ?? 0];
  const [a, b] = view === 'changes' ? [from, seq] : view === 'then' ? [seq, seq] : [seq, lastSeq];
  const ready = lastSeq > 0 && lastSeq >= b && (view !== 'now' || lastSeq >= end);
  const { compared, error } = useComparison(engine, a, b, ready);
  const present = useComparison(engine, lastSeq, lastSeq, lastSeq > 0 && lastSeq >= end).compared;
  const [picked, setPicked] = useState<Set<string>>(new Set());
  const [showTimeline, setShowTimeline] = useState(false);
  const schema = useMemo(() => getSchema(schemaExtensions()), []);
  const reading = useRef<HTMLDivElement>(null);
  const rename = useRenameVersion(document.id);
  const nameMoment = useNameMoment(document.id);
  const editable = document.abilities.includes('edit') && !pages?.[0]?.quarantined;

  const open = (start: number, to: number) => {
    setChosen([start, to]);
    setPicked(new Set());
  };
  // The address follows when it comes to rest, so that it can be sent to a colleague.
  useEffect(() => {
    if (!chosen) return;
    const timer = setTimeout(() => setParams({ at: String(seq), view }, { replace: true }), 400);
    return () => clearTimeout(timer);
  }, [chosen, seq, view, setParams]);

  const stop = stops.find((one) => one.seq >= seq);
  const burst = bursts.find((one) => one.from_seq <= seq && seq <= one.to_seq);
  const at = stop?.seq === seq ? stop.at : burst && burst.to_seq === seq ? burst.to_at : (stop?.at ?? burst?.to_at ?? 0);
  const time = formatMoment(at);
  const restoring = useRestoring(document, engine, lastSeq);

  const handleName = () =>
    openNameDialog({
      title: t('history.name'),
      label: t('history.nameLabel'),
      submit: t('common.save'),
      onSubmit: async (note) => {
        const { number } = await nameMoment.mutateAsync({ seq, note });
        notifyDone(t('history.named', { number, note }));
      },
    });
  const handleRename = (moment: MomentView) =>
    openNameDialog({
      title: t('history.renameTitle'),
      label: t('history.nameLabel'),
      initial: moment.note,
      submit: t('common.save'),
      onSubmit: (note) => rename.mutateAsync({ number: moment.number, note }),
    });
  const handleRestore = () =>
    modals.openConfirmModal({
      title: t('history.restoreTitle', { time }),
      children: <Text size="sm">{t('history.restoreText')}</Text>,
      labels: { confirm: t('history.restore'), cancel: t('common.cancel') },
      onConfirm: () => void restoring.all(seq, time),
    });
  const handleRestoreBlocks = async () => {
    if (compared && (await restoring.blocks(seq, compared.nodes, picked))) setPicked(new Set());
  };

  const list = (
    <Stack gap="md">
      {timeline.hasNews && (
        <Button size="xs" variant="light" leftSection={<IconRefresh size={15} />} loading={timeline.isRefetching} onClick={() => void timeline.refetch()}>
          {t('history.news')}
        </Button>
      )}
      {present && <Shares shares={present.shares} people={people} color={color} />}
      <Timeline
        bursts={bursts}
        moments={moments}
        color={color}
        seq={seq}
        lastSeq={end}
        onOpen={(start, to) => {
          open(start, to);
          setShowTimeline(false);
        }}
        onRename={editable ? handleRename : undefined}
        onOlder={timeline.hasNextPage ? () => void timeline.fetchNextPage() : undefined}
        loadingOlder={timeline.isFetchingNextPage}
      />
    </Stack>
  );

  if (timeline.error && !timeline.data) {
    return (
      <div style={{ padding: 16 }}>
        <ErrorNotice error={timeline.error} onRetry={() => void timeline.refetch()} />
      </div>
    );
  }
  return (
    <div className={classes.page}>
      <Group className={classes.head} px="md" py="xs" gap="sm" wrap="wrap">
        <Tooltip label={t('history.backToPage')}>
          <ActionIcon component={Link} to={`/documents/${document.id}`} variant="subtle" color="gray" size="lg" aria-label={t('history.backToPage')}>
            <IconArrowLeft size={20} />
          </ActionIcon>
        </Tooltip>
        <Title order={1} size="h4" flex={1} miw={120} lineClamp={1}>
          {document.name}
          <Text span size="sm" c="dimmed" ml="xs" fw={400}>
            {t('history.title')}
          </Text>
        </Title>
        {readable && (
          <SegmentedControl
            size="xs"
            aria-label={t('history.view')}
            data={VIEWS.map((value) => ({ value, label: t(`history.view.${value}`) }))}
            value={view}
            onChange={(value) => {
              setView(value as View);
              setChosen([from, seq]);
              setPicked(new Set());
            }}
          />
        )}
        {readable && editable && seq > 0 && (
          <Group gap="xs" wrap="nowrap">
            <Button size="xs" variant="default" leftSection={<IconFlag size={15} />} onClick={handleName}>
              {t('history.name')}
            </Button>
            <Button size="xs" leftSection={<IconRestore size={15} />} disabled={!ready} loading={restoring.busy} onClick={handleRestore}>
              {t('history.restoreAll')}
            </Button>
          </Group>
        )}
        {phone && (
          <ActionIcon variant="light" size="lg" aria-label={t('history.timeline')} onClick={() => setShowTimeline(true)}>
            <IconListDetails size={20} />
          </ActionIcon>
        )}
      </Group>
      {pages?.[0]?.quarantined && (
        <Alert color="orange" py={6} radius={0}>
          {t('history.quarantined')}
        </Alert>
      )}
      <div className={classes.body}>
        <div className={classes.reading} ref={reading}>
          {timeline.isPending && <Loading />}
          {timeline.data && end === 0 && <EmptyState icon={<IconHistory size={32} />} title={t('history.none')} text={t('history.noneText')} />}
          {!readable && end > 0 && (
            <Center p="xl">
              <Text c="dimmed">{t('history.notAPage')}</Text>
            </Center>
          )}
          {readable && Boolean(ledger.error ?? error) && (
            <div style={{ padding: 16 }}>
              <ErrorNotice error={ledger.error ?? error} onRetry={ledger.retry} />
            </div>
          )}
          {readable && end > 0 && lastSeq < end && !ledger.error && (
            <Stack px="md" py="sm" gap={4} role="status">
              <Text size="xs" c="dimmed">
                {t('history.reading', { done: lastSeq, all: end })}
              </Text>
              <Progress value={(lastSeq / end) * 100} size="xs" />
            </Stack>
          )}
          {compared && (
            <>
              <StateLine key={`${compared.a}-${compared.b}`} time={time} who={stop?.who.map((who) => people[who]?.name).join('、') ?? ''} reading={reading} view={view} picking={view === 'now' && editable} />
              <TextView
                nodes={compared.nodes}
                schema={schema}
                people={people}
                color={color}
                picked={view === 'now' && editable ? picked : undefined}
                onPick={(key, on) =>
                  setPicked((before) => {
                    const next = new Set(before);
                    if (on) next.add(key);
                    else next.delete(key);
                    return next;
                  })
                }
              />
            </>
          )}
          {picked.size > 0 && (
            <Group className={classes.picks} gap="xs">
              <Button size="xs" radius="xl" loading={restoring.busy} leftSection={<IconRestore size={15} />} onClick={() => void handleRestoreBlocks()}>
                {t('history.restoreBlocks', { count: picked.size })}
              </Button>
              <Button size="xs" radius="xl" variant="subtle" color="gray" onClick={() => setPicked(new Set())}>
                {t('history.clearPicks')}
              </Button>
            </Group>
          )}
        </div>
        {!phone && (
          <aside className={classes.aside} aria-label={t('history.timeline')}>
            {list}
          </aside>
        )}
      </div>
      {stops.length > 1 && <MomentSlider stops={stops} people={people} seq={seq} onGo={open} />}
      {phone && (
        <Drawer opened={showTimeline} onClose={() => setShowTimeline(false)} position="bottom" size="75%" title={t('history.timeline')} closeButtonProps={{ 'aria-label': t('common.close') }}>
          {list}
        </Drawer>
      )}
    </div>
  );
}
