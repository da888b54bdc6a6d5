// Fills in the fields of many documents from a table: choose it, see what would change and what would not, and do it.
import { Alert, Anchor, Badge, Button, Checkbox, Group, Loader, Modal, ScrollArea, Select, Stack, Stepper, Table, Text } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconFileSpreadsheet, IconFileUpload } from '@tabler/icons-react';
import { useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { codeText } from '../../../i18n/errorText';
import { ErrorNotice } from '../../../shared/ErrorNotice';
import { formatBytes } from '../../../shared/format';
import { pickFiles } from '../../uploads/pick';
import { exportAddress, importRecords, useRefreshRecords } from '../api';
import { EMPTY_QUERY } from '../query';
import type { Property } from '../types';
import classes from './exchange.module.css';
import type { ImportReport, ImportRow } from './report';

interface Props {
  libraryId: string;
  libraryName: string;
  folderId: string;
  properties: Property[];
  onClose: () => void;
}

/** Which documents the rows of a table are about. */
type Match = string;

export function ImportDialog({ libraryId, libraryName, folderId, properties, onClose }: Props) {
  const { t } = useTranslation();
  const refresh = useRefreshRecords();
  const unique = properties.find((one) => one.unique);
  const [file, setFile] = useState<File | null>(null);
  const [match, setMatch] = useState<Match>(unique?.id ?? 'name');
  const [step, setStep] = useState<0 | 1 | 2>(0);
  const [report, setReport] = useState<ImportReport | null>(null);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  async function ask(dryRun: boolean) {
    if (!file) return;
    setBusy(true);
    setError(undefined);
    try {
      setReport(await importRecords(libraryId, file, match, dryRun));
      setStep(dryRun ? 1 : 2);
      if (!dryRun) refresh();
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  }

  const matches = [
    ...properties.filter((one) => one.unique).map((one) => ({ value: one.id, label: one.name })),
    { value: 'name', label: t('records.matchName') },
    { value: 'id', label: t('records.matchId') },
  ];
  return (
    <Modal opened onClose={onClose} title={t('records.importTitle', { name: libraryName })} size="xl" closeOnClickOutside={false} closeOnEscape={!busy} withCloseButton={!busy} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stepper active={step === 2 ? 3 : step} size="xs" mb="md" allowNextStepsSelect={false} wrap={false}>
        <Stepper.Step label={t('records.stepFile')} />
        <Stepper.Step label={t('records.stepCheck')} />
        <Stepper.Step label={t('records.stepDone')} />
      </Stepper>
      {error !== undefined && (
        <div style={{ marginBottom: 16 }}>
          <ErrorNotice error={error} />
        </div>
      )}
      {step === 0 && (
        <Stack>
          <Text size="sm">
            {t('records.importText')}{' '}
            <Anchor href={exportAddress(folderId, EMPTY_QUERY, ['name', ...properties.map((one) => `property:${one.id}`), 'tags', 'level'], 'xlsx')} download size="sm">
              {t('records.importTemplate')}
            </Anchor>
          </Text>
          <FileField file={file} onFile={setFile} />
          <Select
            label={t('records.match')}
            description={t('records.matchText')}
            data={matches}
            value={match}
            allowDeselect={false}
            maw={320}
            onChange={(value) => setMatch(value ?? 'name')}
            comboboxProps={{ withinPortal: true }}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button disabled={!file} loading={busy} onClick={() => void ask(true)}>
              {t('records.check')}
            </Button>
          </Group>
        </Stack>
      )}
      {step === 1 && report && (
        <Stack>
          <Report report={report} properties={properties} />
          <Confirm report={report} busy={busy} onBack={() => setStep(0)} onConfirm={() => void ask(false)} />
        </Stack>
      )}
      {step === 2 && report && (
        <Stack>
          <Alert color={problems(report) === 0 ? 'teal' : 'orange'} icon={<IconCheck />} role="status">
            <Text fw={600}>{t('records.imported', { count: report.changed })}</Text>
            {problems(report) > 0 && <Text size="sm">{t('records.importedBut', { count: problems(report) })}</Text>}
          </Alert>
          <Problems report={report} />
          <Group justify="flex-end">
            <Button onClick={onClose}>{t('common.close')}</Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

const ACCEPTED = /\.(csv|txt|tsv|xlsx)$/i;

function FileField({ file, onFile }: { file: File | null; onFile: (file: File | null) => void }) {
  const { t } = useTranslation();
  const [over, setOver] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const take = (chosen: File | undefined) => {
    if (!chosen) return;
    const known = ACCEPTED.test(chosen.name);
    setRefused(known ? null : chosen.name);
    if (known) onFile(chosen);
  };
  const handleDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files[0]);
  };
  return (
    <div
      className={classes.drop}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={handleDrop}
    >
      {file ? <IconFileSpreadsheet size={30} stroke={1.4} color="var(--mantine-color-green-6)" /> : <IconFileUpload size={30} stroke={1.4} />}
      <div style={{ minWidth: 0 }}>
        <Text size="sm" fw={600}>
          {file ? file.name : t('records.dropTable')}
        </Text>
        <Text size="xs" c={refused ? 'var(--mantine-color-error)' : 'dimmed'} role={refused ? 'alert' : undefined}>
          {refused ? t('records.notATable', { name: refused }) : file ? formatBytes(file.size) : t('records.tableKinds')}
        </Text>
      </div>
      <Button variant="default" size="xs" onClick={() => void pickFiles({ multiple: false }).then((files) => take(files[0]))}>
        {t(file ? 'records.otherFile' : 'records.chooseFile')}
      </Button>
    </div>
  );
}

const problems = (report: ImportReport) => report.unmatched.length + report.invalid.length;

function Report({ report, properties }: { report: ImportReport; properties: Property[] }) {
  const { t } = useTranslation();
  const unknown = report.columns.filter((one) => one.target === null);
  const figures = [
    { label: t('records.rowsRead'), value: report.rows, color: undefined },
    { label: t('records.rowsMatched'), value: report.matched, color: undefined },
    { label: t('records.rowsChanged'), value: report.changed, color: 'teal' },
    { label: t('records.rowsUnmatched'), value: report.unmatched.length, color: report.unmatched.length > 0 ? 'orange' : undefined },
    { label: t('records.rowsInvalid'), value: report.invalid.length, color: report.invalid.length > 0 ? 'red' : undefined },
  ];
  return (
    <>
      <dl className={classes.figures}>
        {figures.map(({ label, value, color }) => (
          <div key={label} className={classes.figure}>
            <dt>{label}</dt>
            <dd style={{ color: color ? `var(--mantine-color-${color}-text)` : undefined }}>{value.toLocaleString()}</dd>
          </div>
        ))}
      </dl>
      <div>
        <Text size="sm" fw={500} mb={6}>
          {t('records.columnsOfTable')}
        </Text>
        <Group gap={6}>
          {report.columns.map((column, index) => (
            <Badge key={index} variant={column.target === null ? 'outline' : 'light'} color={column.target === null ? 'gray' : undefined} tt="none" fw={500} style={column.target === null ? { borderStyle: 'dashed' } : undefined}>
              {column.name || t('records.noHeading', { number: index + 1 })}
              {targetText(column, properties)}
            </Badge>
          ))}
        </Group>
        {unknown.length > 0 && (
          <Text size="xs" c="dimmed" mt={6}>
            {t('records.columnsIgnored', { count: unknown.length })}
          </Text>
        )}
      </div>
      <Problems report={report} />
    </>
  );
}

/** Said only where the heading and what it was taken for differ. */
function targetText(column: ImportReport['columns'][number], properties: Property[]): string {
  const name = properties.find((one) => `property:${one.id}` === column.target || one.id === column.target)?.name;
  return name && name !== column.name ? ` → ${name}` : '';
}

const LISTED = 200;

/** Every row that is not taken over, with the reason. */
function Problems({ report }: { report: ImportReport }) {
  const { t } = useTranslation();
  const rows = [...report.invalid, ...report.unmatched].sort((one, other) => one.row - other.row);
  if (rows.length === 0) return null;
  return (
    <div>
      <Group gap={6} mb={6}>
        <IconAlertTriangle size={17} color="var(--mantine-color-orange-6)" aria-hidden />
        <Text size="sm" fw={500}>
          {t('records.problemRows', { count: rows.length })}
        </Text>
      </Group>
      <ScrollArea.Autosize mah="34vh" type="auto" className={classes.problems}>
        <Table verticalSpacing={6} stickyHeader aria-label={t('records.problems')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={64}>{t('records.row')}</Table.Th>
              <Table.Th>{t('records.columnOfTable')}</Table.Th>
              <Table.Th>{t('records.value')}</Table.Th>
              <Table.Th>{t('records.reason')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.slice(0, LISTED).map((row, index) => (
              <Problem key={index} row={row} />
            ))}
          </Table.Tbody>
        </Table>
        {rows.length > LISTED && (
          <Text size="xs" c="dimmed" p="xs">
            {t('records.moreFailures', { count: rows.length - LISTED })}
          </Text>
        )}
      </ScrollArea.Autosize>
    </div>
  );
}

function Problem({ row }: { row: ImportRow }) {
  const { t } = useTranslation();
  return (
    <Table.Tr>
      <Table.Td>{row.row}</Table.Td>
      <Table.Td>{row.column}</Table.Td>
      <Table.Td maw={180} style={{ overflow: 'hidden', textOverflow: 'ellipsis' }}>
        {row.value}
      </Table.Td>
      <Table.Td>{codeText(t, row.code, row.message)}</Table.Td>
    </Table.Tr>
  );
}

/** With rows that are wrong, going on is said to be wanted. */
function Confirm({ report, busy, onBack, onConfirm }: { report: ImportReport; busy: boolean; onBack: () => void; onConfirm: () => void }) {
  const { t } = useTranslation();
  const [anyway, setAnyway] = useState(false);
  const wrong = problems(report);
  return (
    <Group justify="space-between" className={classes.confirm}>
      {wrong > 0 && report.changed > 0 ? (
        <Checkbox label={t('records.importAnyway', { count: wrong })} checked={anyway} onChange={(event) => setAnyway(event.currentTarget.checked)} />
      ) : (
        <Text size="sm" c="dimmed">
          {report.changed === 0 ? t('records.nothingToImport') : ''}
        </Text>
      )}
      <Group gap="xs">
        {busy && <Loader size="xs" aria-label={t('common.loading')} />}
        <Button variant="default" onClick={onBack} disabled={busy}>
          {t('common.back')}
        </Button>
        <Button disabled={report.changed === 0 || (wrong > 0 && !anyway)} loading={busy} onClick={onConfirm}>
          {t('records.importNow', { count: report.changed })}
        </Button>
      </Group>
    </Group>
  );
}
