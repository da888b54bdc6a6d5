//! What does a spreadsheet show for a number or date, under the cell's number format?
//!
//! Covers what decides whether a search finds the cell: dates in any order with Chinese or other words between, times,
//! percent, fixed decimals, thousands. Everything else is shown plainly.

/// Returns what is shown for `value`; `format` is the cell's format code.
pub fn show_number(value: f64, format: &str) -> String {
    let section = format.split(';').next().unwrap_or_default();
    let body: String = strip_literals(section);
    let placeholders = body.chars().filter(|character| matches!(character, '0' | '#' | '?')).count();
    if placeholders == 0 || body.contains(['E', 'e', '/', '@']) || !value.is_finite() {
        return plain(value);
    }
    let percent = body.matches('%').count();
    let value = if percent > 0 { value * 100.0 } else { value };
    let decimals = body
        .split_once('.')
        .map_or(0, |(_, rest)| rest.chars().take_while(|character| matches!(character, '0' | '#' | '?')).count());
    let shown = format!("{value:.decimals$}", decimals = decimals.min(15));
    let shown = if body.split('.').next().is_some_and(|whole| whole.contains(',')) { group(&shown) } else { shown };
    if percent > 0 { format!("{shown}%") } else { shown }
}

/// Returns a number without a format: as many digits as it needs.
pub fn plain(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    // Fifteen digits are what spreadsheets hold; more would show the noise of binary fractions.
    let rounded: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    format!("{rounded}")
}

/// A date and time as a spreadsheet counts them.
#[derive(Clone, Copy)]
pub struct Moment {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

/// Returns what is shown for a date or time; an unusual or absent format falls back to ISO 8601.
pub fn show_moment(moment: Moment, format: &str) -> String {
    let section = format.split(';').next().unwrap_or_default();
    let mut shown = String::new();
    let (mut rest, mut after_hour) = (section, false);
    let is_half_day = section.to_ascii_lowercase().contains("am/pm") || section.contains("上午/下午");
    while let Some(character) = rest.chars().next() {
        let run = rest.chars().take_while(|other| other.eq_ignore_ascii_case(&character)).count();
        let mut taken = character.len_utf8() * run;
        match character.to_ascii_lowercase() {
            '[' => taken = rest.find(']').map_or(rest.len(), |end| end + 1),
            '"' => {
                let literal = rest[1..].split('"').next().unwrap_or_default();
                shown.push_str(literal);
                taken = (literal.len() + 2).min(rest.len());
            }
            '\\' | '_' | '*' => {
                let next = rest[1..].chars().next();
                shown.extend(next.filter(|_| character == '\\'));
                taken = 1 + next.map_or(0, char::len_utf8);
            }
            '上' if rest.starts_with("上午/下午") => {
                shown.push_str(if moment.hour < 12 { "上午" } else { "下午" });
                taken = "上午/下午".len();
            }
            'y' => shown.push_str(&if run <= 2 {
                format!("{:02}", moment.year % 100)
            } else {
                format!("{:04}", moment.year)
            }),
            'm' if after_hour || is_before_seconds(&rest[taken..]) => push_padded(&mut shown, moment.minute, run),
            'm' if run >= 3 => shown.push_str(month_name(moment.month, run)),
            'm' => push_padded(&mut shown, moment.month, run),
            'd' if run <= 2 => push_padded(&mut shown, moment.day, run),
            'h' => push_padded(&mut shown, if is_half_day { (moment.hour + 11) % 12 + 1 } else { moment.hour }, run),
            's' => push_padded(&mut shown, moment.second, run),
            'a' if rest.to_ascii_lowercase().starts_with("am/pm") => {
                shown.push_str(if moment.hour < 12 { "AM" } else { "PM" });
                taken = 5;
            }
            'd' | 'a' | 'g' | 'e' | 'b' => {}
            _ => (0..run).for_each(|_| shown.push(character)),
        }
        after_hour = match character.to_ascii_lowercase() {
            'h' => true,
            'y' | 'm' | 'd' | 's' => false,
            _ => after_hour,
        };
        rest = &rest[taken..];
    }
    let shown = shown.trim();
    if shown.chars().any(|character| character.is_ascii_digit()) { shown.to_owned() } else { iso(moment) }
}

/// Returns a date and time in ISO 8601, without the part that is zero.
pub fn iso(moment: Moment) -> String {
    let Moment { year, month, day, hour, minute, second } = moment;
    let time =
        if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") };
    let is_midnight = hour == 0 && minute == 0 && second == 0;
    match (year, is_midnight) {
        (0..=1900, false) => time,
        (_, true) => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:04}-{month:02}-{day:02} {time}"),
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn month_name(month: u8, letters: usize) -> &'static str {
    let name = MONTHS[usize::from(month.clamp(1, 12)) - 1];
    if letters == 3 { &name[..3] } else { name }
}

fn push_padded(shown: &mut String, number: u8, width: usize) {
    shown.push_str(&format!("{number:0width$}", width = width.min(2)));
}

fn is_before_seconds(rest: &str) -> bool {
    rest.trim_start_matches(|character: char| !character.is_ascii_alphabetic()).starts_with(['s', 'S'])
}

fn strip_literals(section: &str) -> String {
    let mut body = String::new();
    let mut characters = section.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => drop(characters.by_ref().take_while(|other| *other != '"').count()),
            '[' => drop(characters.by_ref().take_while(|other| *other != ']').count()),
            '\\' | '_' | '*' => drop(characters.next()),
            other => body.push(other),
        }
    }
    body
}

fn group(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    fraction.map_or_else(|| format!("{sign}{grouped}"), |fraction| format!("{sign}{grouped}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Moment = Moment { year: 2024, month: 3, day: 5, hour: 14, minute: 7, second: 9 };

    #[test]
    fn dates_are_shown_as_the_format_says() {
        for (format, shown) in [
            ("yyyy\"年\"m\"月\"d\"日\"", "2024年3月5日"),
            ("[$-804]yyyy年mm月dd日", "2024年03月05日"),
            ("yyyy-mm-dd hh:mm:ss", "2024-03-05 14:07:09"),
            ("m/d/yy", "3/5/24"),
            ("d-mmm-yyyy", "5-Mar-2024"),
            ("h:mm AM/PM", "2:07 PM"),
            ("上午/下午h\"时\"mm\"分\"", "下午2时07分"),
            ("mm:ss", "07:09"),
            ("yyyy/m/d;@", "2024/3/5"),
            ("", "2024-03-05 14:07:09"),
        ] {
            assert_eq!(show_moment(MOMENT, format), shown, "{format}");
        }
    }

    #[test]
    fn numbers_are_shown_as_the_format_says() {
        for (value, format, shown) in [
            (1234567.5, "#,##0.00", "1,234,567.50"),
            (0.256, "0.0%", "25.6%"),
            (-1234.0, "#,##0", "-1,234"),
            (0.1 + 0.2, "General", "0.3"),
            (42.0, "General", "42"),
            (3.5, "¥0.00", "3.50"),
            (1e20, "General", "100000000000000000000"),
        ] {
            assert_eq!(show_number(value, format), shown, "{format}");
        }
    }

    #[test]
    fn odd_formats_do_no_harm() {
        for format in [
            "\"",
            "[",
            "\\",
            "y\"",
            "*",
            "文",
            "mmmmmmmm",
            "a",
            "\u{10ffff}",
            "00000000000000000000000000000.0000000000000000000000000000",
        ] {
            show_moment(MOMENT, format);
            show_number(1.5, format);
        }
    }
}
