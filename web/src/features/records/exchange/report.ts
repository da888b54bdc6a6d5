// What would an imported table change? The shape of the server's report.

export interface ImportReport {
  dry_run: boolean;
  /** Header cells, and what they were recognised as; null when as nothing. */
  columns: { name: string; target: string | null }[];
  rows: number;
  matched: number;
  changed: number;
  unmatched: ImportRow[];
  invalid: ImportRow[];
}

export interface ImportRow {
  /** As a spreadsheet counts: the header is row 1. */
  row: number;
  column?: string | null;
  value?: string | null;
  code: string;
  message?: string | null;
}
