//! How does a whiteboard look on a page, for people who may see pages but not open the board? As a flat OpenDocument drawing
//! of one page, which is converted like any other document.
//!
//! Shapes are drawn with straight, plain lines where the board has hand-drawn ones; pictures are frames, since a version
//! carries no bytes of them.

use std::{f64::consts::TAU, fmt::Write};

use serde_json::{Map, Value};

use super::board::{elements, number, string};

/// Points per pixel: 96 pixels per inch.
const POINTS_PER_PIXEL: f64 = 0.75;
/// Pixels around what is drawn.
const MARGIN: f64 = 24.0;
/// Longest side of the page in points: larger boards are shown smaller.
const SIDE_MAX: f64 = 2400.0;
const SIDE_MIN: f64 = 72.0;
/// Elements and points that are drawn; more than this is no drawing.
const ELEMENTS_MAX: usize = 20_000;
const POINTS_MAX: usize = 500_000;
const CURVE_STEPS: usize = 48;

type Element = Map<String, Value>;
type Point = (f64, f64);

/// Makes the drawing. `None` when there is nothing on the board.
pub fn drawing(scene: &Value) -> Option<String> {
    let shapes: Vec<Shape> = elements(scene).take(ELEMENTS_MAX).filter_map(Shape::of).collect();
    let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
    let mut points = 0;
    for (x, y) in shapes.iter().flat_map(|shape| &shape.points) {
        (low.0, low.1, high.0, high.1) = (low.0.min(*x), low.1.min(*y), high.0.max(*x), high.1.max(*y));
        points += 1;
    }
    if points == 0 || points > POINTS_MAX {
        return None;
    }
    let (width, height) = (high.0 - low.0 + 2.0 * MARGIN, high.1 - low.1 + 2.0 * MARGIN);
    let scale = POINTS_PER_PIXEL.min(SIDE_MAX / width.max(height));
    let mut page = Page {
        origin: (low.0 - MARGIN, low.1 - MARGIN),
        scale,
        width: (width * scale).max(SIDE_MIN),
        height: (height * scale).max(SIDE_MIN),
        styles: String::new(),
        body: String::new(),
        count: 0,
    };
    shapes.iter().for_each(|shape| page.draw(shape));
    Some(page.finish())
}

struct Shape<'a> {
    element: &'a Element,
    /// Corners on the board, turned as the element is.
    points: Vec<Point>,
    closed: bool,
}

impl<'a> Shape<'a> {
    fn of(element: &'a Element) -> Option<Self> {
        let kind = string(element, "type")?;
        let (width, height) = (number(element, "width"), number(element, "height"));
        let corners = vec![(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)];
        let (points, closed) = match kind {
            "rectangle" | "image" | "frame" | "magicframe" | "embeddable" | "iframe" | "text" => (corners, true),
            "diamond" => {
                let (x, y) = (width / 2.0, height / 2.0);
                (vec![(x, 0.0), (width, y), (x, height), (0.0, y)], true)
            }
            "ellipse" => (ellipse(width / 2.0, height / 2.0), true),
            "line" | "arrow" | "freedraw" => (line(element), false),
            _ => return None,
        };
        let (x, y) = (number(element, "x"), number(element, "y"));
        let (sin, cos) = number(element, "angle").sin_cos();
        let (middle_x, middle_y) = middle(kind, &points, width, height);
        let turn = |(px, py): Point| {
            let (dx, dy) = (px - middle_x, py - middle_y);
            (x + middle_x + dx * cos - dy * sin, y + middle_y + dx * sin + dy * cos)
        };
        Some(Self { element, points: points.into_iter().map(turn).collect(), closed })
    }

    fn kind(&self) -> &str {
        string(self.element, "type").unwrap_or_default()
    }
}

fn middle(kind: &str, points: &[Point], width: f64, height: f64) -> Point {
    if !matches!(kind, "line" | "arrow" | "freedraw") {
        return (width / 2.0, height / 2.0);
    }
    let side = |side: fn(&Point) -> f64| {
        let values = || points.iter().map(side);
        (values().fold(f64::MAX, f64::min) + values().fold(f64::MIN, f64::max)) / 2.0
    };
    if points.is_empty() { (0.0, 0.0) } else { (side(|point| point.0), side(|point| point.1)) }
}

fn ellipse(rx: f64, ry: f64) -> Vec<Point> {
    let at = |step: usize| (step as f64 / CURVE_STEPS as f64 * TAU).sin_cos();
    (0..CURVE_STEPS).map(at).map(|(sin, cos)| (rx + rx * cos, ry + ry * sin)).collect()
}

fn line(element: &Element) -> Vec<Point> {
    let points = element.get("points").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let point = |point: &Value| {
        let (x, y) = (point.get(0)?.as_f64()?, point.get(1)?.as_f64()?);
        (x.is_finite() && y.is_finite()).then_some((x, y))
    };
    points.iter().filter_map(point).take(POINTS_MAX).collect()
}

struct Page {
    origin: Point,
    scale: f64,
    width: f64,
    height: f64,
    styles: String,
    body: String,
    count: usize,
}

impl Page {
    fn place(&self, (x, y): Point) -> Point {
        ((x - self.origin.0) * self.scale, (y - self.origin.1) * self.scale)
    }

    fn draw(&mut self, shape: &Shape<'_>) {
        let points: Vec<Point> = shape.points.iter().map(|point| self.place(*point)).collect();
        match shape.kind() {
            "text" => self.text(shape.element, &points),
            "image" => self.path(&points, true, &look("#adb5bd", Some("#f1f3f5"), 1.0, 1.0, false)),
            "frame" | "magicframe" => self.path(&points, true, &look("#adb5bd", None, 1.0, 1.0, false)),
            _ => {
                let style = self.look_of(shape);
                self.path(&points, shape.closed, &style);
                for (key, end) in [("startArrowhead", false), ("endArrowhead", true)] {
                    if string(shape.element, key).is_some() {
                        self.arrowhead(&points, end, shape.element, &style);
                    }
                }
            }
        }
    }

    fn look_of(&self, shape: &Shape<'_>) -> String {
        let element = shape.element;
        let opacity = element.get("opacity").and_then(Value::as_f64).unwrap_or(100.0).clamp(0.0, 100.0) / 100.0;
        let stroke = color(string(element, "strokeColor")).unwrap_or_else(|| "#1e1e1e".into());
        let ends_meet = shape.points.len() > 2 && shape.points.first() == shape.points.last();
        let fill = color(string(element, "backgroundColor")).filter(|_| shape.closed || ends_meet);
        let hatched = string(element, "fillStyle").is_some_and(|style| style != "solid");
        let width = number(element, "strokeWidth").clamp(0.5, 40.0) * self.scale;
        let dashed = string(element, "strokeStyle").is_some_and(|style| style != "solid");
        look(&stroke, fill.as_deref(), width, if hatched { opacity * 0.5 } else { opacity }, dashed)
    }

    fn style(&mut self, properties: &str) -> usize {
        self.count += 1;
        let _ = write!(
            self.styles,
            "<style:style style:name=\"g{}\" style:family=\"graphic\"><style:graphic-properties {properties}/></style:style>",
            self.count
        );
        self.count
    }

    /// A path in the frame that just holds it, in hundredths of a point. A frame without height would not be drawn.
    fn path(&mut self, points: &[Point], closed: bool, look: &str) {
        if points.len() < 2 {
            return;
        }
        let style = self.style(look);
        let side = |side: fn(&Point) -> f64| {
            let values = || points.iter().map(side);
            (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max))
        };
        let ((left, right), (top, bottom)) = (side(|point| point.0), side(|point| point.1));
        let (width, height) = ((right - left).max(0.05), (bottom - top).max(0.05));
        let _ = write!(
            self.body,
            "<draw:path draw:style-name=\"g{style}\" svg:x=\"{left:.2}pt\" svg:y=\"{top:.2}pt\" svg:width=\"{width:.2}pt\" \
             svg:height=\"{height:.2}pt\" svg:viewBox=\"0 0 {:.0} {:.0}\" svg:d=\"",
            width * 100.0,
            height * 100.0
        );
        for (number, (x, y)) in points.iter().enumerate() {
            let command = if number == 0 { 'M' } else { 'L' };
            let _ = write!(self.body, "{command}{:.0} {:.0}", (x - left) * 100.0, (y - top) * 100.0);
        }
        self.body.push_str(if closed { "Z\"/>" } else { "\"/>" });
    }

    fn arrowhead(&mut self, points: &[Point], at_end: bool, element: &Element, look: &str) {
        let mut along: Vec<Point> = points.to_vec();
        if at_end {
            along.reverse();
        }
        let Some(&tip) = along.first() else { return };
        let Some(&from) = along.iter().find(|point| (point.0 - tip.0).hypot(point.1 - tip.1) > 1.0) else { return };
        let direction = (from.1 - tip.1).atan2(from.0 - tip.0);
        let length = (12.0 + 3.0 * number(element, "strokeWidth")) * self.scale;
        let side = |turn: f64| {
            let (sin, cos) = (direction + turn).sin_cos();
            (tip.0 + length * cos, tip.1 + length * sin)
        };
        self.path(&[side(0.4), tip, side(-0.4)], false, look);
    }

    fn text(&mut self, element: &Element, points: &[Point]) {
        let Some(text) = string(element, "text").or(string(element, "originalText")) else { return };
        let ((x, y), (right, bottom)) = (points[0], points[2]);
        let size = (number(element, "fontSize").clamp(4.0, 400.0) * self.scale).max(1.0);
        let ink = color(string(element, "strokeColor")).unwrap_or_else(|| "#1e1e1e".into());
        let side = match string(element, "textAlign") {
            Some("center") => "center",
            Some("right") => "end",
            _ => "start",
        };
        let number = self.style(
            "draw:stroke=\"none\" draw:fill=\"none\" draw:auto-grow-width=\"false\" draw:auto-grow-height=\"true\" \
             draw:textarea-vertical-align=\"top\" fo:padding=\"0pt\" fo:wrap-option=\"no-wrap\"",
        );
        let _ = write!(
            self.styles,
            "<style:style style:name=\"p{number}\" style:family=\"paragraph\"><style:paragraph-properties \
             fo:text-align=\"{side}\"/></style:style><style:style style:name=\"t{number}\" style:family=\"text\">\
             <style:text-properties fo:color=\"{ink}\" fo:font-size=\"{size:.1}pt\" style:font-size-asian=\"{size:.1}pt\" \
             style:font-size-complex=\"{size:.1}pt\"/></style:style>"
        );
        let _ = write!(
            self.body,
            "<draw:frame draw:style-name=\"g{number}\" svg:x=\"{x:.2}pt\" svg:y=\"{y:.2}pt\" svg:width=\"{:.2}pt\" \
             svg:height=\"{:.2}pt\"><draw:text-box>",
            (right - x).abs().max(1.0),
            (bottom - y).abs().max(1.0)
        );
        for line in text.lines() {
            let _ = write!(
                self.body,
                "<text:p text:style-name=\"p{number}\"><text:span text:style-name=\"t{number}\">{}</text:span></text:p>",
                escaped(line)
            );
        }
        self.body.push_str("</draw:text-box></draw:frame>");
    }

    /// Without an element for common styles, even an empty one, LibreOffice does not look at the size of the page.
    fn finish(self) -> String {
        let Self { width, height, styles, body, .. } = self;
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document {NAMESPACES} office:version=\"1.2\" \
             office:mimetype=\"application/vnd.oasis.opendocument.graphics\"><office:styles/><office:automatic-styles>\
             <style:page-layout style:name=\"L\"><style:page-layout-properties fo:page-width=\"{width:.1}pt\" \
             fo:page-height=\"{height:.1}pt\" fo:margin=\"0pt\"/></style:page-layout>{styles}</office:automatic-styles>\
             <office:master-styles><style:master-page style:name=\"M\" style:page-layout-name=\"L\"/></office:master-styles>\
             <office:body><office:drawing><draw:page draw:name=\"board\" draw:master-page-name=\"M\">{body}</draw:page>\
             </office:drawing></office:body></office:document>"
        )
    }
}

const NAMESPACES: &str = "xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
    xmlns:style=\"urn:oasis:names:tc:opendocument:xmlns:style:1.0\" \
    xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" \
    xmlns:draw=\"urn:oasis:names:tc:opendocument:xmlns:drawing:1.0\" \
    xmlns:fo=\"urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0\" \
    xmlns:svg=\"urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0\"";

fn look(stroke: &str, fill: Option<&str>, width: f64, opacity: f64, dashed: bool) -> String {
    let percent = (opacity * 100.0).round();
    let fill = fill.map_or("draw:fill=\"none\"".to_owned(), |fill| {
        format!("draw:fill=\"solid\" draw:fill-color=\"{fill}\" draw:opacity=\"{percent}%\"")
    });
    // A named dash needs a style of its own; thin lines tell a dashed one apart well enough.
    let width = if dashed { width * 0.5 } else { width };
    format!("draw:stroke=\"solid\" svg:stroke-color=\"{stroke}\" svg:stroke-width=\"{width:.2}pt\" {fill}")
}

/// A colour as `#rrggbb`; `None` when nothing is to be painted, or when it is written in another way.
fn color(text: Option<&str>) -> Option<String> {
    let hex = text?.strip_prefix('#')?;
    if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    match hex.len() {
        3 => Some(hex.chars().fold("#".to_owned(), |out, digit| format!("{out}{digit}{digit}"))),
        6 | 8 => Some(format!("#{}", &hex[..6])),
        _ => None,
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push(' '),
            character if character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}') => {}
            character => out.push(character),
        }
    }
    out
}
