// What did somebody type into a field? Dates and numbers in the ways people write them, as the server wants them.
import dayjs from 'dayjs';
import customParseFormat from 'dayjs/plugin/customParseFormat';

dayjs.extend(customParseFormat);

/** `2023年5月12日`, `2023/5/12`, `2023.05.12`, `20230512` → `2023-05-12`; null for what is no day of the calendar. */
export function parseDate(text: string): string | null {
  const plain = text.normalize('NFKC').trim();
  const match = /^(\d{4})(?:(\d{2})(\d{2})|\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?)$/.exec(plain);
  if (!match) return null;
  const [year, month, day] = [match[1]!, match[2] ?? match[4]!, match[3] ?? match[5]!];
  const iso = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  return dayjs(iso, 'YYYY-MM-DD', true).isValid() ? iso : null;
}

/** `１２，５００．５０` → `12500.50`; null for what is no decimal number. */
export function parseNumber(text: string): string | null {
  const plain = text.normalize('NFKC').trim();
  // Commas are taken as they group thousands, and not as a decimal point that somebody may have meant.
  const digits = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain) ? plain.replaceAll(',', '') : plain;
  return /^[+-]?(\d+(\.\d+)?|\.\d+)$/.test(digits) ? digits.replace(/^\+/, '').replace(/^(-?)\./, '$10.') : null;
}

/** One line of text, as it is stored. */
export function cleanText(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
