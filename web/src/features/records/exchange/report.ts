// What would an imported table change? The shape of the server's report.

export interface ImportReport {
  dry_run: boolean;
  /** What rows were matched by: `id`, `name`, or the id of a field. */
  match: string;
  /** Of CSV: the encoding that was found out. */
  encoding?: string | null;
  /** Of a workbook: the sheet that was read. */
  sheet?: string | null;
  /** Headings, and what they were taken for. */
  columns: { head: string; target: string; property_id?: string | null }[];
  rows: number;
  matched: number;
  changed: number;
  unchanged: number;
  unmatched: number;
  invalid: number;
  problems: ImportProblem[];
  problems_left_out: number;
}

export interface ImportProblem {
  /** As a spreadsheet counts. */
  row: number;
  column?: string | null;
  code: string;
  message: string;
  /** Who has a value that is there once, if the caller sees it. */
  document_id?: string | null;
}
