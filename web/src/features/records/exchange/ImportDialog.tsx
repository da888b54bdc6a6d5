// Fills in the fields of many documents from a table: choose it, see what would change and what would not, and do it.
import { Alert, Anchor, Badge, Button, Checkbox, Group, Loader, Modal, ScrollArea, Select, Stack, Stepper, Table, Text } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconFileSpreadsheet, IconFileUpload } from '@tabler/icons-react';
import { useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { ImportReport } from '../../../api/types';
import { codeText } from '../../../i18n/errorText';
import { ErrorNotice } from '../../../shared/ErrorNotice';
import { formatBytes } from '../../../shared/format';
import { pickFiles } from '../../uploads/pick';
import { exportAddress, importRecords, useRefreshRecords } from '../api';
import { EMPTY_QUERY } from '../query';
import type { Property } from '../types';
import classes from './exchange.module.css';

interface Props {
  folderId: string;
  folderName: string;
  properties: Property[];
  onClose: () => void;
}

export function ImportDialog({ folderId, folderName, properties, onClose }: Props) {
  const { t } = useTranslation();
  const refresh = useRefreshRecords();
  const [file, setFile] = useState<File | null>(null);
  // Empty: the server takes the best column that is there.
  const [match, setMatch] = useState('');
  const [clearEmpty, setClearEmpty] = useState(false);
  const [step, setStep] = useState<0 | 1 | 2>(0);
  const [report, setReport] = useState<ImportReport | null>(null);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  async function ask(dryRun: boolean) {
    if (!file) return;
    setBusy(true);
    setError(undefined);
    try {
      setReport(await importRecords(folderId, file, { match, clearEmpty, dryRun }));
      setStep(dryRun ? 1 : 2);
      if (!dryRun) refresh();
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  }

  const matches = [
    { value: '', label: t('records.matchAuto') },
    ...properties.filter((one) => one.unique).map((one) => ({ value: one.id, label: one.name })),
    { value: 'name', label: t('records.matchName') },
    { value: 'id', label: t('records.matchId') },
  ];
  return (
    <Modal opened onClose={onClose} title={t('records.importTitle', { name: folderName })} size="xl" closeOnClickOutside={false} closeOnEscape={!busy} withCloseButton={!busy} closeButtonProps={{ 'aria-label': t('common.close') }}>
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
            <Anchor href={exportAddress(folderId, EMPTY_QUERY, null, 'xlsx')} download size="sm">
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
            onChange={(value) => setMatch(value ?? '')}
            comboboxProps={{ withinPortal: true }}
          />
          <Checkbox
            label={t('records.clearEmpty')}
            description={t('records.clearEmptyText')}
            checked={clearEmpty}
            onChange={(event) => setClearEmpty(event.currentTarget.checked)}
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
          <Alert color={leftOut(report) === 0 ? 'teal' : 'orange'} icon={<IconCheck />} role="status">
            <Text fw={600}>{t('records.imported', { count: report.changed })}</Text>
            {leftOut(report) > 0 && <Text size="sm">{t('records.importedBut', { count: leftOut(report) })}</Text>}
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

const ACCEPTED = /\.(csv|txt|tsv|xlsx|xls)$/i;

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

/** Rows that are left out. */
const leftOut = (report: ImportReport) => report.unmatched + report.invalid;

function Report({ report, properties }: { report: ImportReport; properties: Property[] }) {
  const { t } = useTranslation();
  const ignored = report.columns.filter((one) => one.target === 'ignored').length;
  const figures = [
    { label: t('records.rowsRead'), value: report.rows },
    { label: t('records.rowsChanged'), value: report.changed, color: 'teal' },
    { label: t('records.rowsUnchanged'), value: report.unchanged },
    { label: t('records.rowsUnmatched'), value: report.unmatched, color: 'orange' },
    { label: t('records.rowsInvalid'), value: report.invalid, color: 'red' },
  ];
  const matched = properties.find((one) => one.id === report.match)?.name ?? t(report.match === 'id' ? 'records.matchId' : 'records.matchName');
  const source = report.sheet ? t('records.sheetRead', { name: report.sheet }) : report.encoding ? t('records.encodingRead', { name: report.encoding }) : '';
  return (
    <>
      <dl className={classes.figures}>
        {figures.map(({ label, value, color }) => (
          <div key={label} className={classes.figure}>
            <dt>{label}</dt>
            <dd style={{ color: color && value > 0 ? `var(--mantine-color-${color}-text)` : undefined }}>{value.toLocaleString()}</dd>
          </div>
        ))}
      </dl>
      <div>
        <Text size="sm" fw={500} mb={6}>
          {t('records.columnsOfTable')}
        </Text>
        <Group gap={6}>
          {report.columns.map((column, index) => {
            const unknown = column.target === 'ignored';
            const name = properties.find((one) => one.id === column.property_id)?.name;
            return (
              <Badge key={index} variant={unknown ? 'outline' : 'light'} color={unknown ? 'gray' : undefined} tt="none" fw={500} style={unknown ? { borderStyle: 'dashed' } : undefined}>
                {column.head || t('records.noHeading', { number: index + 1 })}
                {name && name !== column.head && ` → ${name}`}
              </Badge>
            );
          })}
        </Group>
        <Text size="xs" c="dimmed" mt={6}>
          {[t('records.matchedBy', { name: matched }), source, ignored > 0 ? t('records.columnsIgnored', { count: ignored }) : '']
            .filter((part) => part !== '')
            .join(' · ')}
        </Text>
      </div>
      <Problems report={report} />
    </>
  );
}

/** Every row that is not taken over, with the reason. */
function Problems({ report }: { report: ImportReport }) {
  const { t } = useTranslation();
  const { problems, problems_left_out: unlisted } = report;
  if (problems.length === 0) return null;
  return (
    <div>
      <Group gap={6} mb={6}>
        <IconAlertTriangle size={17} color="var(--mantine-color-orange-6)" aria-hidden />
        <Text size="sm" fw={500}>
          {t('records.problemRows', { count: leftOut(report) })}
        </Text>
      </Group>
      <ScrollArea.Autosize mah="34vh" type="auto" className={classes.problems}>
        <Table verticalSpacing={6} stickyHeader aria-label={t('records.problems')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={72}>{t('records.row')}</Table.Th>
              <Table.Th w="26%">{t('records.columnOfTable')}</Table.Th>
              <Table.Th>{t('records.reason')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {problems.map((problem, index) => (
              <Table.Tr key={index}>
                <Table.Td>{problem.row}</Table.Td>
                <Table.Td>{problem.column}</Table.Td>
                <Table.Td>
                  {codeText(t, problem.code, problem.message)}
                  {problem.document_id && (
                    <>
                      {' '}
                      <Anchor component={Link} to={`/documents/${problem.document_id}`} target="_blank" size="sm">
                        {t('records.otherDocument')}
                      </Anchor>
                    </>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        {unlisted > 0 && (
          <Text size="xs" c="dimmed" p="xs">
            {t('records.moreFailures', { count: unlisted })}
          </Text>
        )}
      </ScrollArea.Autosize>
    </div>
  );
}

/** With rows that are wrong, going on is said to be wanted. */
function Confirm({ report, busy, onBack, onConfirm }: { report: ImportReport; busy: boolean; onBack: () => void; onConfirm: () => void }) {
  const { t } = useTranslation();
  const [anyway, setAnyway] = useState(false);
  const wrong = leftOut(report);
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
