//! Does every word's rectangle lie where the word is drawn? Compared with the drawn pages, format by format.

use std::path::Path;

use wenshu::worker::{Answer, Task, WorkerPool};

use crate::support::{Result, config, corpus, prepare};

/// Width at which pages are compared, in pixels.
const WIDTH: u32 = 1200;
/// Pages of each file that are compared.
const PAGES: usize = 3;

/// What was seen of one page.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    words: usize,
    /// Words with ink in their rectangle.
    inked: usize,
    /// Dark pixels, and those of them inside rectangles.
    ink: usize,
    covered: usize,
}

impl Seen {
    fn words_share(&self) -> f32 {
        self.inked as f32 / self.words.max(1) as f32
    }

    fn ink_share(&self) -> f32 {
        self.covered as f32 / self.ink.max(1) as f32
    }
}

/// Looks at the first pages.
pub async fn look(pool: &WorkerPool, result: &Result) -> Vec<(f32, f32)> {
    let mut shares = Vec::new();
    for index in 0..result.text.pages.len().min(PAGES) {
        let seen = look_at(pool, result, index).await;
        if seen.words > 0 {
            shares.push((seen.words_share(), seen.ink_share()));
        }
    }
    shares
}

async fn look_at(pool: &WorkerPool, result: &Result, index: usize) -> Seen {
    let page = &result.text.pages[index];
    let pdf = result.pdf().expect("there are pages");
    let out = result.folder.path().to_owned();
    let task = Task::RenderPage { pdf, page: index as u32 + 1, width_px: WIDTH, out };
    let Answer::Rendered { images } = pool.run(task).await.unwrap() else { panic!("another answer") };
    let bytes = std::fs::read(&images[0].file).unwrap();
    let pixels = image::load_from_memory_with_format(&bytes, image::ImageFormat::WebP).unwrap().to_luma8();
    let scale = pixels.width() as f32 / page.width;
    let is_dark = |x: u32, y: u32| pixels.get_pixel(x, y).0[0] < 128;
    let mut inside = vec![false; (pixels.width() * pixels.height()) as usize];
    let mut seen = Seen { words: page.words.len(), ..Seen::default() };
    for word in &page.words {
        let (left, right) = (word.x * scale - 1.0, (word.x + word.w) * scale + 1.0);
        let (top, bottom) = (word.y * scale - 1.0, (word.y + word.h) * scale + 1.0);
        let (right, bottom) = ((right as u32).min(pixels.width()), (bottom as u32).min(pixels.height()));
        let mut has_ink = false;
        for y in top.max(0.0) as u32..bottom {
            for x in left.max(0.0) as u32..right {
                inside[(y * pixels.width() + x) as usize] = true;
                has_ink |= is_dark(x, y);
            }
        }
        seen.inked += usize::from(has_ink);
    }
    for (x, y, _) in pixels.enumerate_pixels().filter(|(x, y, _)| is_dark(*x, *y)) {
        seen.ink += 1;
        seen.covered += usize::from(inside[(y * pixels.width() + x) as usize]);
    }
    seen
}

/// A file, the share of its words that stand on ink, and the share of the ink that stands in words: 0 where pages have
/// lines, pictures or coloured grounds too.
const FILES: [(&str, f32, f32); 20] = [
    ("pdf/text/zh-bidding-law.pdf", 0.99, 0.97),
    ("pdf/rotated/zh-rotations-and-sizes.pdf", 0.95, 0.9),
    ("pdf/rotated/en-hello-rotated.pdf", 0.95, 0.9),
    ("pdf/scan/zh-archives-law-300dpi.pdf", 0.97, 0.8),
    ("pdf/scan/zh-forest-law-skewed-200dpi.pdf", 0.95, 0.8),
    ("pdf/scan/en-four-rotations.pdf", 0.9, 0.75),
    ("pdf/scan/zh-archives-law-text-then-scan.pdf", 0.97, 0.8),
    ("pdf/fonts/zh-stsong-not-embedded.pdf", 0.9, 0.0),
    ("docx", 0.95, 0.0),
    ("doc", 0.95, 0.0),
    ("odt", 0.95, 0.0),
    ("rtf", 0.95, 0.0),
    // What does not fit into a cell is cut off on paper.
    ("xlsx", 0.8, 0.0),
    ("xls", 0.9, 0.0),
    ("pptx", 0.8, 0.0),
    ("ppt", 0.8, 0.0),
    ("office/ofd/zh-luxun-essay.ofd", 0.9, 0.0),
    ("office/csv/zh-law-index-gbk.csv", 0.8, 0.0),
    ("html", 0.9, 0.0),
    ("txt", 0.95, 0.9),
];

/// The first Chinese file of a kind in the manifest.
fn chosen(path: &str) -> String {
    if path.contains('/') {
        return path.to_owned();
    }
    let ending = format!(".{path}");
    let entries = crate::support::manifest().into_iter();
    let mut fitting = entries.filter(|entry| {
        entry.path.ends_with(&ending)
            && entry.path.contains("/zh-")
            && entry.expect.is_none()
            && !entry.needs_password
            && entry.pages.is_some_and(|pages| pages < 40)
    });
    fitting.next().unwrap_or_else(|| panic!("no {path} in the manifest")).path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_stand_on_ink_and_ink_stands_in_words() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let pool = WorkerPool::start(config()).await.unwrap();
    let mut wrong = Vec::new();
    for (path, least_words, least_ink) in FILES {
        let path = chosen(path);
        if !path.contains(&only) {
            continue;
        }
        let result = prepare(&pool, &corpus().join(Path::new(&path))).await.unwrap();
        let shares = look(&pool, &result).await;
        println!("{path}: {shares:.2?} (share of words on ink, share of ink in words)");
        if shares.is_empty() {
            wrong.push(format!("{path} has no words"));
        }
        for (page, (words, ink)) in shares.into_iter().enumerate() {
            if words < least_words || ink < least_ink {
                wrong.push(format!("{path} page {}: {words:.3} of the words, {ink:.3} of the ink", page + 1));
            }
        }
    }
    pool.stop().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}
