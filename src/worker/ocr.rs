//! What does a page say whose text can only be seen?
//!
//! The page is drawn at about 300 dots per inch and given to tesseract (Chinese, simplified or traditional, and English), which answers with words and
//! boxes. Low confidence makes the page turn: scans come in all four directions. The spaces that tesseract puts between
//! Chinese characters are removed. Without tesseract the document is still shown, with a warning.

use std::{
    cell::Cell,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use indexer::text::PageText;

use super::{
    office::end_with_parent,
    pdf::{Page, Pixels},
    pdf_text::{is_wide, word},
};

/// Dots per inch at which tesseract reads best.
const DPI: f64 = 300.0;
/// Mean confidence from which a reading is taken without trying other directions.
const GOOD: f32 = 65.0;
/// Words higher than this are poster letters: read with confidence, but wrongly.
const TALL_PX: f32 = 100.0;
/// Time for one reading of one page: photographs can keep the layout analysis busy for minutes. Processor time is what
/// counts, so that a busy machine reads as much as an idle one.
const PAGE_CPU_SECONDS: u64 = 60;
const PAGE_TIME: Duration = Duration::from_secs(240);
/// Words below are noise: stains, lines, pictures.
const LEAST: f32 = 20.0;
/// A gap between a Chinese and another word counts from this share of the height on.
const LEAST_GAP: f32 = 0.3;
/// Letters that a page must have to tell which characters a document is written in.
const TELLING_LETTERS: usize = 30;

/// The recognition program with the languages it has.
pub struct Recogniser {
    program: PathBuf,
    languages: String,
    /// The same with traditional characters, where they are installed.
    traditional: Option<String>,
    /// Whether pages so far were written in traditional characters, once that is known.
    is_traditional: Cell<Option<bool>>,
    deadline: Instant,
    folder: PathBuf,
}

/// The outcome for one page.
pub struct Reading {
    /// Text with words in points.
    pub text: PageText,
    /// Mean confidence of the words, 0 to 100.
    pub confidence: f32,
    /// Letters and digits.
    pub letters: usize,
}

impl Reading {
    /// More letters read with more confidence are worth more.
    fn worth(&self) -> f32 {
        self.confidence * (self.letters as f32).sqrt()
    }

    /// Returns the middle height of the words in pixels of a picture of this width.
    fn word_height_px(&self, picture_wide: u32) -> f32 {
        let mut heights: Vec<f32> = self.text.words.iter().map(|word| word.h).collect();
        heights.sort_by(f32::total_cmp);
        let middle = heights.get(heights.len() / 2).copied().unwrap_or(0.0);
        middle / self.text.width * picture_wide as f32
    }
}

impl Recogniser {
    /// Finds tesseract; `None` when it or its languages are not installed.
    pub fn find(folder: &Path, time: Duration) -> Option<Self> {
        let places = ["/usr/bin/tesseract", "/usr/local/bin/tesseract"].map(PathBuf::from);
        let program = places.into_iter().find(|path| path.is_file())?;
        let listed = Command::new(&program).arg("--list-langs").stdin(Stdio::null()).output().ok()?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let languages: Vec<&str> =
            ["chi_sim", "eng"].into_iter().filter(|language| listed.lines().any(|line| line == *language)).collect();
        if languages.is_empty() {
            return None;
        }
        let has_traditional = listed.lines().any(|line| line == "chi_tra");
        Some(Recogniser {
            program,
            traditional: has_traditional.then(|| languages.join("+").replace("chi_sim", "chi_tra")),
            is_traditional: Cell::new(None),
            languages: languages.join("+"),
            deadline: Instant::now() + time,
            folder: folder.to_owned(),
        })
    }

    /// Returns whether the time for recognition is used up.
    pub fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Reads a page. `None` when it says nothing or the time is up.
    pub fn read(&self, page: &Page<'_>, pixel_budget: u64) -> Option<Reading> {
        let (width, height) = page.size();
        let (wide, high) = super::render::fit(width, height, (f64::from(width) / 72.0 * DPI) as u32, pixel_budget);
        let pixels = page.draw(wide, high).ok()?;
        let picture = Picture::gray(&pixels);
        if picture.is_blank() {
            return None;
        }
        let mut best = self.read_turned(&picture, 0, width, height);
        let is_sure = |reading: &Reading| reading.confidence >= GOOD && reading.word_height_px(wide) < TALL_PX;
        if !best.as_ref().is_some_and(is_sure) {
            // Poster letters are read better, or only, from a smaller picture.
            let smaller = Picture::gray(&page.draw((wide / 4).max(1), (high / 4).max(1)).ok()?);
            let other = self.read_turned(&smaller, 0, width, height);
            let confidence = |reading: &Option<Reading>| reading.as_ref().map_or(0.0, |reading| reading.confidence);
            if confidence(&other) > confidence(&best) {
                best = other;
            }
        }
        if !best.as_ref().is_some_and(|reading| reading.confidence >= GOOD) {
            for turns in [2, 1, 3] {
                if self.is_late() {
                    break;
                }
                let other = self.read_turned(&picture.turned(turns), turns, width, height);
                if other.as_ref().map_or(0.0, Reading::worth) > best.as_ref().map_or(0.0, Reading::worth) {
                    best = other;
                }
                if best.as_ref().is_some_and(|reading| reading.confidence >= GOOD && reading.letters > 20) {
                    break;
                }
            }
        }
        best
    }

    /// Reads a picture in the characters that the document is written in.
    fn read_turned(&self, picture: &Picture, turns: u8, width: f32, height: f32) -> Option<Reading> {
        let read = |languages: &str| self.read_as(languages, picture, turns, width, height);
        let Some(traditional) = &self.traditional else { return read(&self.languages) };
        match self.is_traditional.get() {
            Some(true) => read(traditional),
            Some(false) => read(&self.languages),
            None => {
                let simplified = read(&self.languages);
                // Characters that look alike are read with confidence either way: only both readings tell.
                let other = read(traditional);
                let worth = |reading: &Option<Reading>| reading.as_ref().map_or(0.0, Reading::worth);
                let is_traditional = worth(&other) > worth(&simplified);
                let best = if is_traditional { other } else { simplified };
                if best.as_ref().is_some_and(|best| best.letters >= TELLING_LETTERS && best.confidence >= GOOD) {
                    self.is_traditional.set(Some(is_traditional));
                }
                best
            }
        }
    }

    fn read_as(&self, languages: &str, picture: &Picture, turns: u8, width: f32, height: f32) -> Option<Reading> {
        let output = self.recognise(languages, picture)?;
        // How many points one pixel is, on the page as it was drawn.
        let drawn_wide = if turns.is_multiple_of(2) { picture.width } else { picture.height };
        let scale = f64::from(width) / f64::from(drawn_wide);
        let mut reading = parse(&output, width, height, |x, y, w, h| {
            let (x, y, w, h) = turn_back(turns, picture.width, picture.height, (x, y, w, h));
            (f64::from(x) * scale, f64::from(y) * scale, f64::from(w) * scale, f64::from(h) * scale)
        });
        reading.text.text.truncate(reading.text.text.trim_end().len());
        (reading.letters > 0).then_some(reading)
    }

    fn recognise(&self, languages: &str, picture: &Picture) -> Option<String> {
        let input = self.folder.join("ocr.pgm");
        let mut file = std::fs::File::create(&input).ok()?;
        write!(file, "P5\n{} {}\n255\n", picture.width, picture.height).ok()?;
        file.write_all(&picture.gray).ok()?;
        drop(file);
        let output = self.folder.join("ocr");
        let mut command = Command::new(&self.program);
        command.arg(&input).arg(&output).args(["-l", languages, "--psm", "3", "--dpi", "300", "tsv"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        end_with_parent(&mut command, PAGE_CPU_SECONDS);
        let mut process = command.spawn().ok()?;
        let deadline = self.deadline.min(Instant::now() + PAGE_TIME);
        loop {
            match process.try_wait() {
                Ok(Some(_)) => break,
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
                _ => {
                    let _ = process.kill();
                    let _ = process.wait();
                    return None;
                }
            }
        }
        let result = std::fs::read_to_string(output.with_extension("tsv")).ok();
        let _ = std::fs::remove_file(output.with_extension("tsv"));
        let _ = std::fs::remove_file(input);
        result
    }
}

/// Gray pixels.
struct Picture {
    width: u32,
    height: u32,
    gray: Vec<u8>,
}

impl Picture {
    fn gray(pixels: &Pixels) -> Self {
        let gray = pixels.rgb.chunks_exact(3).map(|pixel| {
            let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
            ((red * 77 + green * 151 + blue * 28) >> 8) as u8
        });
        Picture { width: pixels.width, height: pixels.height, gray: gray.collect() }
    }

    /// Returns whether all pixels are nearly alike.
    fn is_blank(&self) -> bool {
        let (least, most) =
            self.gray.iter().fold((255, 0), |(least, most), &value| (value.min(least), value.max(most)));
        most - least < 16
    }

    /// Turns by quarters, clockwise.
    fn turned(&self, quarters: u8) -> Picture {
        let (w, h) = (self.width as usize, self.height as usize);
        let mut gray = vec![0; self.gray.len()];
        for y in 0..h {
            for x in 0..w {
                let target = match quarters {
                    1 => x * h + (h - 1 - y),
                    2 => (h - 1 - y) * w + (w - 1 - x),
                    _ => (w - 1 - x) * h + y,
                };
                gray[target] = self.gray[y * w + x];
            }
        }
        let (width, height) = if quarters == 2 { (self.width, self.height) } else { (self.height, self.width) };
        Picture { width, height, gray }
    }
}

/// Returns where a box of the turned picture (of this size) lies on the picture before it was turned.
fn turn_back(turns: u8, width: u32, height: u32, (x, y, w, h): (u32, u32, u32, u32)) -> (u32, u32, u32, u32) {
    match turns {
        1 => (y, width.saturating_sub(x + w), h, w),
        2 => (width.saturating_sub(x + w), height.saturating_sub(y + h), w, h),
        3 => (height.saturating_sub(y + h), x, h, w),
        _ => (x, y, w, h),
    }
}

/// Makes text of tesseract's table: one row for each word, with block, paragraph and line numbers.
fn parse(table: &str, width: f32, height: f32, place: impl Fn(u32, u32, u32, u32) -> (f64, f64, f64, f64)) -> Reading {
    let mut page = PageText { text: String::new(), width, height, words: Vec::new() };
    let (mut line, mut position, mut ended) = (None, 0u32, 0);
    let (mut sum, mut weight, mut letters) = (0.0, 0.0, 0);
    for row in table.lines().skip(1) {
        let fields: Vec<&str> = row.splitn(12, '\t').collect();
        let [level, _, block, paragraph, in_paragraph, _, x, y, w, h, confidence, text] = fields[..] else {
            continue;
        };
        let (text, confidence) = (text.trim(), confidence.parse::<f32>().unwrap_or(-1.0));
        if level != "5" || text.is_empty() || confidence < LEAST {
            continue;
        }
        let this_line = Some((block, paragraph, in_paragraph));
        let number = |field: &str| field.parse::<u32>().unwrap_or(0);
        let gap = number(x).saturating_sub(ended) as f32;
        ended = number(x) + number(w);
        if position > 0 {
            let sides = [page.text.chars().next_back(), text.chars().next()].map(|side| side.is_some_and(is_wide));
            // tesseract ends a word wherever the script changes; people leave a gap there, or none.
            let is_apart = match sides {
                [true, true] => false,
                [false, false] => true,
                _ => gap > LEAST_GAP * number(h) as f32,
            };
            if this_line != line {
                page.text.push('\n');
                position += 1;
            } else if is_apart {
                page.text.push(' ');
                position += 1;
            }
        }
        line = this_line;
        let count = text.chars().count() as u32;
        let (x, y, w, h) = place(number(x), number(y), number(w), number(h));
        page.words.push(word(position, position + count, x, y, w, h));
        page.text.push_str(text);
        position += count;
        letters += text.chars().filter(|character| character.is_alphanumeric()).count();
        sum += confidence * count as f32;
        weight += count as f32;
    }
    Reading { text: page, confidence: if weight > 0.0 { sum / weight } else { 0.0 }, letters }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_between_chinese_words_are_removed() {
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
            5\t1\t1\t1\t1\t1\t10\t10\t40\t20\t96\t中华\n5\t1\t1\t1\t1\t2\t50\t10\t40\t20\t95\t人民\n\
            5\t1\t1\t1\t1\t3\t100\t10\t40\t20\t95\tLaw\n5\t1\t1\t1\t2\t1\t10\t40\t40\t20\t95\t第一条\n\
            5\t1\t1\t1\t2\t2\t90\t40\t40\t20\t3\t~~\n";
        let reading = parse(table, 100.0, 100.0, |x, y, w, h| (x.into(), y.into(), w.into(), h.into()));
        assert_eq!(reading.text.text, "中华人民 Law\n第一条");
        assert_eq!((reading.text.words[3].start, reading.text.words[3].end), (9, 12));
        assert!(reading.confidence > 90.0);
    }

    #[test]
    fn numbers_stand_as_close_to_chinese_words_as_on_the_page() {
        let row = |word: u32, left: u32, width: u32, text: &str| {
            format!("5\t1\t1\t1\t1\t{word}\t{left}\t10\t{width}\t40\t95\t{text}\n")
        };
        let table = [
            "header\n".to_owned(),
            row(1, 0, 80, "2023"),
            row(2, 84, 40, "年"),
            row(3, 150, 90, "Word"),
            row(4, 260, 60, "Excel"),
        ];
        let reading = parse(&table.concat(), 1000.0, 100.0, |x, y, w, h| (x.into(), y.into(), w.into(), h.into()));
        assert_eq!(reading.text.text, "2023年 Word Excel");
    }

    #[test]
    fn a_turned_box_comes_back() {
        let picture = Picture { width: 3, height: 2, gray: vec![1, 2, 3, 4, 5, 6] };
        for turns in 1..4 {
            let turned = picture.turned(turns);
            let index = turned.gray.iter().position(|value| *value == 6).unwrap() as u32;
            let pixel = (index % turned.width, index / turned.width, 1, 1);
            assert_eq!(turn_back(turns, turned.width, turned.height, pixel), (2, 1, 1, 1), "{turns}");
        }
    }
}
