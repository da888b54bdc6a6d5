//! Which words stand where on an OFD page?

use super::Result;
use super::sink::Sink;
use super::xml::{self, Element, Node};
use crate::text::{PageText, Word};

const POINTS_PER_MILLIMETRE: f32 = 72.0 / 25.4;

/// Share of the font size above the base line.
const ASCENT: f32 = 0.88;

/// What a page says before its content.
#[derive(Default)]
pub struct Head {
    pub page_box: Option<[f32; 4]>,
    pub templates: Vec<String>,
}

/// Reads the size and templates of a page.
pub fn head(content: &str) -> Result<Head> {
    let mut head = Head::default();
    let mut current = String::new();
    xml::walk(content, |node| match node {
        Node::Start(element) => {
            current.clear();
            if element.name == "Template" {
                head.templates.extend(element.attribute("TemplateID"));
            }
        }
        Node::Text(text) => current.push_str(text),
        Node::End("PhysicalBox") => head.page_box = numbers(current.trim()),
        Node::End(_) => {}
    })?;
    Ok(head)
}

/// Parses numbers separated by spaces; `None` unless there are exactly `N` sound ones.
pub fn numbers<const N: usize>(text: &str) -> Option<[f32; N]> {
    let numbers: Vec<f32> = text.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>().ok()?;
    <[f32; N]>::try_from(numbers).ok().filter(|numbers| numbers.iter().all(|number| number.is_finite()))
}

/// Gathers the text of a page from its templates, content and annotations.
pub struct PageBuilder {
    page_box: [f32; 4],
    sink: Sink,
    /// Characters of the text so far.
    length: u32,
    words: Vec<Word>,
    /// Base line and end of the last run, in millimetres.
    last: Option<(f32, f32)>,
}

#[derive(Clone, Copy, Default)]
struct TextObject {
    boundary: [f32; 4],
    size: f32,
    matrix: Option<[f32; 6]>,
}

#[derive(Default)]
struct TextCode {
    x: f32,
    y: f32,
    steps_x: Vec<f32>,
    steps_y: Vec<f32>,
    text: String,
}

impl PageBuilder {
    /// Returns an empty page; `page_box` is in millimetres.
    pub fn new(page_box: [f32; 4], limit_bytes: usize) -> Self {
        Self { page_box, sink: Sink::new(limit_bytes), length: 0, words: Vec::new(), last: None }
    }

    /// Adds the text objects of a page, template or annotation.
    pub fn push(&mut self, content: &str) -> Result<()> {
        let (mut object, mut code, mut offset) = (TextObject::default(), None::<TextCode>, [0.0f32; 2]);
        xml::walk(content, |node| match node {
            Node::Start(element) => match element.name {
                "Appearance" => {
                    let boundary: [f32; 4] =
                        element.attribute("Boundary").and_then(|text| numbers(&text)).unwrap_or_default();
                    offset = [boundary[0], boundary[1]];
                }
                "TextObject" => object = text_object(&element, offset),
                "TextCode" => code = Some(text_code(&element, code.as_ref())),
                _ => {}
            },
            Node::Text(text) => {
                if let Some(code) = &mut code {
                    code.text.push_str(text);
                }
            }
            Node::End("TextCode") => {
                if let Some(code) = &code {
                    self.push_run(&object, code);
                }
            }
            Node::End("TextObject") => code = None,
            Node::End("Appearance") => offset = [0.0; 2],
            Node::End(_) => {}
        })
    }

    /// Returns the page in points.
    pub fn finish(self) -> PageText {
        let (text, _) = self.sink.finish();
        let length = text.chars().count() as u32;
        let words = self.words.into_iter().filter(|word| word.end <= length).collect();
        let [_, _, width, height] = self.page_box;
        PageText {
            text,
            width: width.max(1.0) * POINTS_PER_MILLIMETRE,
            height: height.max(1.0) * POINTS_PER_MILLIMETRE,
            words,
        }
    }

    fn push_run(&mut self, object: &TextObject, code: &TextCode) {
        let (x, y) = object.place(code.x, code.y);
        let size = object.shown_size();
        match self.last {
            Some((base, _)) if (base - y).abs() > size * 0.5 => self.push_char('\n'),
            Some((_, end)) if (x - end).abs() > size * 0.3 => self.push_char(' '),
            _ => {}
        }
        let mut last = None::<(char, u32)>;
        let (mut at_x, mut at_y) = (code.x, code.y);
        for (index, character) in code.text.trim_matches(['\n', '\r']).chars().enumerate() {
            let advance = code
                .steps_x
                .get(index)
                .copied()
                .filter(|step| *step > 0.0)
                .unwrap_or(object.size * width_of(character));
            let start = self.length;
            self.push_char(character);
            if self.length > start && !character.is_whitespace() {
                let word = object.word(at_x, at_y, advance, start, self.page_box);
                self.add_word(word, character, last);
                last = Some((character, self.length));
            }
            at_x += code.steps_x.get(index).copied().unwrap_or(if code.steps_y.is_empty() { advance } else { 0.0 });
            at_y += code.steps_y.get(index).copied().unwrap_or(0.0);
        }
        let (end, base) = object.place(at_x, at_y);
        self.last = Some((base, end));
    }

    /// Adds a character's box; letters and digits that follow each other share one.
    fn add_word(&mut self, word: Word, character: char, last: Option<(char, u32)>) {
        let joins = last.is_some_and(|(previous, end)| {
            end == word.start && previous.is_ascii_alphanumeric() && character.is_ascii_alphanumeric()
        });
        match self
            .words
            .last_mut()
            .filter(|previous| joins && (previous.y - word.y).abs() < 0.5 && word.x >= previous.x)
        {
            Some(previous) => {
                previous.end = word.end;
                previous.w = word.x + word.w - previous.x;
            }
            None => self.words.push(word),
        }
    }

    fn push_char(&mut self, character: char) {
        let before = self.sink.as_str().len();
        self.sink.push_char(character);
        self.length += u32::from(self.sink.as_str().len() > before);
    }
}

impl TextObject {
    /// Returns where a point of the object's own space stands on the page, in millimetres.
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        let [a, b, c, d, e, f] = self.matrix.unwrap_or([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        (self.boundary[0] + a * x + c * y + e, self.boundary[1] + b * x + d * y + f)
    }

    fn shown_size(&self) -> f32 {
        let scale = self.matrix.map_or(1.0, |[_, _, c, d, _, _]| c.hypot(d));
        (self.size * scale).max(0.1)
    }

    fn word(&self, x: f32, y: f32, advance: f32, start: u32, page_box: [f32; 4]) -> Word {
        let corners = [
            (x, y - self.size * ASCENT),
            (x + advance, y - self.size * ASCENT),
            (x, y + self.size * (1.0 - ASCENT)),
            (x + advance, y + self.size * (1.0 - ASCENT)),
        ];
        let placed = corners.map(|(x, y)| self.place(x, y));
        let left = placed.iter().map(|point| point.0).fold(f32::INFINITY, f32::min);
        let right = placed.iter().map(|point| point.0).fold(f32::NEG_INFINITY, f32::max);
        let top = placed.iter().map(|point| point.1).fold(f32::INFINITY, f32::min);
        let bottom = placed.iter().map(|point| point.1).fold(f32::NEG_INFINITY, f32::max);
        let scale = POINTS_PER_MILLIMETRE;
        Word {
            start,
            end: start + 1,
            x: (left - page_box[0]) * scale,
            y: (top - page_box[1]) * scale,
            w: (right - left) * scale,
            h: (bottom - top) * scale,
        }
    }
}

fn text_object(element: &Element, offset: [f32; 2]) -> TextObject {
    let mut boundary: [f32; 4] = element.attribute("Boundary").and_then(|text| numbers(&text)).unwrap_or_default();
    boundary[0] += offset[0];
    boundary[1] += offset[1];
    let size = element
        .attribute("Size")
        .and_then(|size| size.parse().ok())
        .filter(|size: &f32| size.is_finite() && *size > 0.0)
        .unwrap_or(4.0);
    TextObject { boundary, size, matrix: element.attribute("CTM").and_then(|text| numbers(&text)) }
}

/// Reads where a piece of text begins; what it does not state it takes from the piece before.
fn text_code(element: &Element, previous: Option<&TextCode>) -> TextCode {
    let number = |name: &str| {
        element.attribute(name).and_then(|text| text.parse::<f32>().ok()).filter(|number| number.is_finite())
    };
    TextCode {
        x: number("X").or(previous.map(|code| code.x)).unwrap_or(0.0),
        y: number("Y").or(previous.map(|code| code.y)).unwrap_or(0.0),
        steps_x: element.attribute("DeltaX").map(|text| steps(&text)).unwrap_or_default(),
        steps_y: element.attribute("DeltaY").map(|text| steps(&text)).unwrap_or_default(),
        text: String::new(),
    }
}

/// Reads distances between characters; `g 3 1.5` says 1.5 three times.
fn steps(text: &str) -> Vec<f32> {
    const MOST: usize = 20_000;
    let mut steps = Vec::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let (count, value) = if word == "g" {
            (words.next().and_then(|count| count.parse().ok()).unwrap_or(0usize), words.next().unwrap_or("0"))
        } else {
            (1, word)
        };
        let value = value.parse::<f32>().ok().filter(|value| value.is_finite()).unwrap_or(0.0);
        steps.extend(std::iter::repeat_n(value, count.min(MOST.saturating_sub(steps.len()))));
    }
    steps
}

fn width_of(character: char) -> f32 {
    if character.is_ascii() { 0.5 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(content: &str) -> PageText {
        let mut builder = PageBuilder::new([0.0, 0.0, 210.0, 297.0], 10_000);
        builder.push(content).unwrap();
        builder.finish()
    }

    #[test]
    fn text_objects_become_lines_with_positions() {
        let page = page(
            r#"<ofd:Page><ofd:TextObject Boundary="25.4 50.8 100 10" Size="4"><ofd:TextCode X="0" Y="4" DeltaX="4 4">发票a1</ofd:TextCode></ofd:TextObject>
            <ofd:TextObject Boundary="25.4 60 100 10" Size="4"><ofd:TextCode X="0" Y="4" DeltaX="g 3 4">第二行文</ofd:TextCode></ofd:TextObject></ofd:Page>"#,
        );
        assert_eq!(page.text, "发票a1\n第二行文");
        assert_eq!(page.words.len(), 3 + 4);
        let first = page.words[0];
        assert!((first.x - 72.0).abs() < 0.1 && (first.w - 4.0 * 72.0 / 25.4).abs() < 0.1, "{first:?}");
        assert!(first.y > 140.0 && first.y < 160.0, "{first:?}");
        assert_eq!((page.words[2].start, page.words[2].end), (2, 4));
        assert!((page.width - 595.3).abs() < 0.1 && (page.height - 841.9).abs() < 0.1);
    }

    #[test]
    fn repeated_steps_are_bounded() {
        assert_eq!(steps("1 g 2 3 4"), [1.0, 3.0, 3.0, 4.0]);
        assert_eq!(steps("g 4000000000 1").len(), 20_000);
        assert_eq!(steps("g"), Vec::<f32>::new());
    }
}
