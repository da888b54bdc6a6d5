//! Page images: right sizes, sane limits, and a renderer that keeps its document.

use std::time::Instant;

use wenshu::worker::{Answer, PageImage, Task, WorkerPool};

use crate::support::{config, corpus, prepare};

async fn draw(
    pool: &WorkerPool,
    file: &str,
    images: &[(u32, u32)],
) -> Result<(Vec<PageImage>, tempfile::TempDir), String> {
    let out = tempfile::tempdir().unwrap();
    let task = Task::RenderPages { pdf: corpus().join(file), images: images.to_vec(), out: out.path().to_owned() };
    match pool.run(task).await {
        Ok(Answer::Rendered { images }) => Ok((images, out)),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.code),
    }
}

fn decoded(image: &PageImage) -> image::RgbImage {
    let bytes = std::fs::read(&image.file).unwrap();
    image::load_from_memory_with_format(&bytes, image::ImageFormat::WebP).unwrap().to_rgb8()
}

#[tokio::test]
async fn pages_have_the_width_asked_for_and_show_something() {
    let pool = WorkerPool::start(config()).await.unwrap();
    let (images, _folder) = draw(&pool, "pdf/text/zh-bidding-law.pdf", &[(1, 640), (8, 1280)]).await.unwrap();
    for (image, width) in images.iter().zip([640, 1280]) {
        let pixels = decoded(image);
        assert_eq!((pixels.width(), pixels.height()), (width, image.height_px));
        let dark = pixels.pixels().filter(|pixel| pixel.0[0] < 100).count();
        assert!(dark > 500, "text is dark on white: {dark}");
    }
    assert_eq!(draw(&pool, "pdf/text/zh-bidding-law.pdf", &[(9, 640)]).await.unwrap_err(), "page_not_found");
    assert_eq!(draw(&pool, "pdf/text/zh-bidding-law.pdf", &[(0, 640)]).await.unwrap_err(), "page_not_found");
    pool.stop().await;
}

#[tokio::test]
async fn fonts_that_are_not_embedded_are_replaced() {
    let pool = WorkerPool::start(config()).await.unwrap();
    let (images, _folder) = draw(&pool, "pdf/fonts/zh-stsong-not-embedded.pdf", &[(1, 800)]).await.unwrap();
    let dark = decoded(&images[0]).pixels().filter(|pixel| pixel.0[0] < 100).count();
    assert!(dark > 5_000, "a page of Chinese text has many dark pixels: {dark}");
    pool.stop().await;
}

#[tokio::test]
async fn annotations_and_form_fields_are_drawn() {
    let pool = WorkerPool::start(config()).await.unwrap();
    let (images, _folder) = draw(&pool, "pdf/annotations/en-highlight.pdf", &[(1, 800)]).await.unwrap();
    let coloured = decoded(&images[0]).pixels().filter(|pixel| pixel.0[0].abs_diff(pixel.0[2]) > 60).count();
    assert!(coloured > 100, "the highlight has a colour: {coloured}");
    pool.stop().await;
}

#[tokio::test]
async fn monstrous_pages_are_scaled() {
    let pool = WorkerPool::start(config()).await.unwrap();
    for file in
        ["hostile/pdf/poppler-85140-0.pdf", "hostile/pdf/userunit-huge-page.pdf", "pdf/sizes/en-huge-7800pt.pdf"]
    {
        let (images, _folder) = draw(&pool, file, &[(1, 4096)]).await.unwrap();
        let pixels = u64::from(images[0].width_px) * u64::from(images[0].height_px);
        assert!(pixels <= 25_000_000, "{file}: {pixels}");
    }
    pool.stop().await;
}

#[tokio::test]
async fn words_stand_where_the_text_is_drawn() {
    let pool = WorkerPool::start(config()).await.unwrap();
    for file in
        ["pdf/rotated/en-hello-rotated.pdf", "pdf/rotated/zh-rotations-and-sizes.pdf", "pdf/text/zh-bidding-law.pdf"]
    {
        let result = prepare(&pool, &corpus().join(file)).await.unwrap();
        for (index, page) in result.text.pages.iter().enumerate() {
            let (images, _folder) = draw(&pool, file, &[(index as u32 + 1, 1200)]).await.unwrap();
            let pixels = decoded(&images[0]);
            let scale = pixels.width() as f32 / page.width;
            let hit = page.words.iter().filter(|word| {
                let (left, top) = ((word.x * scale) as u32, (word.y * scale) as u32);
                let (right, bottom) = (((word.x + word.w) * scale) as u32, ((word.y + word.h) * scale) as u32);
                (top..bottom.min(pixels.height()))
                    .any(|y| (left..right.min(pixels.width())).any(|x| pixels.get_pixel(x, y).0[1] < 140))
            });
            let (hit, all) = (hit.count(), page.words.len());
            assert!(all > 0 && hit * 10 >= all * 9, "{file} page {}: {hit} of {all} words stand on ink", index + 1);
        }
    }
    pool.stop().await;
}

#[tokio::test]
async fn scrolling_does_not_load_a_long_document_again() {
    let pool = WorkerPool::start(config()).await.unwrap();
    let mut times = Vec::new();
    for page in 1..=60 {
        let began = Instant::now();
        draw(&pool, "pdf/text/zh-law-compilation.pdf", &[(page * 9, 1280)]).await.unwrap();
        times.push(began.elapsed());
    }
    times.sort();
    println!("a page at 1280 px: p50 {:?}, p99 {:?}", times[30], times[59]);
    pool.stop().await;
}

#[tokio::test]
async fn images_become_pages() {
    let pool = WorkerPool::start(config()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let picture = image::RgbaImage::from_fn(301, 200, |x, _| image::Rgba([if x < 150 { 255 } else { 0 }, 0, 0, 255]));
    let picture = image::DynamicImage::ImageRgba8(picture);
    for name in ["a.png", "a.jpg", "a.gif", "a.bmp", "a.tiff", "a.webp"] {
        let path = folder.path().join(name);
        if name == "a.jpg" {
            picture.to_rgb8().save(&path).unwrap()
        } else {
            picture.save(&path).unwrap()
        }
        let result = prepare(&pool, &path).await.unwrap();
        assert_eq!(result.prepared.page_sizes, [(225.75, 150.0)], "{name}");
        let task =
            Task::RenderPage { pdf: result.pdf().unwrap(), page: 1, width_px: 301, out: folder.path().to_owned() };
        let Answer::Rendered { images } = pool.run(task).await.unwrap() else { panic!() };
        let pixels = decoded(&images[0]);
        assert!(pixels.get_pixel(30, 100).0[0] > 200 && pixels.get_pixel(250, 100).0[0] < 60, "{name}");
    }
    let bomb = prepare(&pool, &corpus().join("hostile/image/pixel-bomb-50000.png")).await.err().unwrap();
    assert_eq!(bomb.code, "image_too_large");
    pool.stop().await;
}
