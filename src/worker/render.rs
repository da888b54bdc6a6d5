//! How does a page become an image for the browser?
//!
//! At the width asked for, as lossy WebP. Pages may claim any size (2,147,483,648 points have been seen), so the height
//! and the number of pixels are bounded and the whole image shrinks to fit.

use std::path::{Path, PathBuf};

use super::{
    child::Child,
    pdf::Pixels,
    task::{Answer, PageImage, WorkerError, codes},
};

/// The longest side WebP can store is 16383 pixels.
const MAX_SIDE: f64 = 16_000.0;
const QUALITY: f32 = 80.0;
/// 0 (fast) to 6 (small). On pages of text 2 takes half the time of the usual 4 for a few per cent more bytes.
const EFFORT: i32 = 2;
/// Images up to this many pixels are stored without loss: icons and stamps would suffer most.
const LOSSLESS_PIXELS: u32 = 64 * 64;

/// Size in points of a page that the document counts and that cannot be read: it is shown empty, the others as they are.
pub const UNREADABLE: (f32, f32) = (595.0, 842.0);

/// Draws pages of a PDF into the child's `out` folder.
pub fn render(child: &mut Child, pdf: &Path, images: &[(u32, u32)]) -> Result<Answer, WorkerError> {
    let budget = child.limits.page_pixels;
    let out = child.out();
    let document = child.library()?.document(pdf)?;
    let mut drawn = Vec::with_capacity(images.len());
    for (number, &(page, width)) in images.iter().enumerate() {
        let index = page.checked_sub(1).filter(|index| *index < document.page_count());
        let Some(index) = index else {
            return Err(WorkerError::new(codes::PAGE_NOT_FOUND, format!("there is no page {page}")));
        };
        let loaded = document.page(index);
        let (points_wide, points_high) = loaded.as_ref().map_or(UNREADABLE, |page| page.size());
        let (width, height) = fit(points_wide, points_high, width, budget);
        let pixels = loaded.map_or_else(|| Ok(Pixels::white(width, height)), |page| page.draw(width, height))?;
        let file = PathBuf::from(format!("page-{page}-{number}.webp"));
        let bytes = encode(&pixels)?;
        std::fs::write(out.join(&file), bytes).map_err(|error| WorkerError::unavailable("writing an image", error))?;
        drawn.push(PageImage { page, width_px: width, height_px: height, file });
    }
    Ok(Answer::Rendered { images: drawn })
}

/// Returns the pixel size for a page of this many points at the width asked for, within a budget of pixels.
pub fn fit(points_wide: f32, points_high: f32, width: u32, budget: u64) -> (u32, u32) {
    let aspect = f64::from(points_high) / f64::from(points_wide);
    let aspect = if aspect.is_finite() && aspect > 0.0 { aspect } else { 1.0 };
    let mut wide = f64::from(width.max(1)).min(MAX_SIDE);
    let mut high = wide * aspect;
    let scale = (MAX_SIDE / high).min((budget as f64 / (wide * high)).sqrt()).min(1.0);
    wide *= scale;
    high *= scale;
    ((wide.round() as u32).max(1), (high.round() as u32).max(1))
}

fn encode(pixels: &Pixels) -> Result<Vec<u8>, WorkerError> {
    let failed =
        |reason: &str| WorkerError::new(codes::CONVERSION_FAILED, format!("the image cannot be stored: {reason}"));
    let mut config = webp::WebPConfig::new().map_err(|()| failed("no encoder"))?;
    config.quality = QUALITY;
    config.method = EFFORT;
    config.lossless = i32::from(pixels.width * pixels.height <= LOSSLESS_PIXELS);
    let encoder = webp::Encoder::from_rgb(&pixels.rgb, pixels.width, pixels.height);
    let encoded = encoder.encode_advanced(&config).map_err(|error| failed(&format!("{error:?}")))?;
    Ok(encoded.to_vec())
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn a_normal_page_keeps_the_width() {
        assert_eq!(fit(595.0, 842.0, 1280, 24_000_000), (1280, 1811));
    }

    #[test]
    fn monstrous_pages_fit_the_budget() {
        for (w, h) in [(1.0, 2_147_483_648.0), (2_147_483_648.0, 1.0), (14400.0, 14400.0), (f32::NAN, 0.0)] {
            let (wide, high) = fit(w, h, 4096, 24_000_000);
            assert!(wide >= 1 && high >= 1 && wide <= 16_000 && high <= 16_000);
            assert!(u64::from(wide) * u64::from(high) <= 24_500_000, "{wide}x{high}");
        }
    }
}
