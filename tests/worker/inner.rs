//! Files inside files: what is attached to a mail or packed into an archive is found too, and pages of TIFF files are pages.

use std::{fs, io::Write, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use wenshu::worker::WorkerPool;

use crate::support::{config, corpus, prepare, squeezed};

/// A mail with attachments: names, types and contents.
fn mail(subject: &str, parts: &[(&str, &str, Vec<u8>)]) -> Vec<u8> {
    let mut mail = format!(
        "From: =?gbk?B?0vjM7LzT0cU=?= <a@example.com>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"b-{subject}\"\r\n\r\n"
    );
    for (name, kind, bytes) in parts {
        mail.push_str(&format!(
            "--b-{subject}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {}\r\n\
             Content-Disposition: attachment; filename*=UTF-8''{name}\r\n\r\n",
            if *kind == "message/rfc822" { "8bit" } else { "base64" }
        ));
        if *kind == "message/rfc822" {
            mail.push_str(std::str::from_utf8(bytes).unwrap());
        } else {
            for line in STANDARD.encode(bytes).as_bytes().chunks(76) {
                mail.push_str(std::str::from_utf8(line).unwrap());
                mail.push_str("\r\n");
            }
        }
        mail.push_str("\r\n");
    }
    mail.push_str(&format!("--b-{subject}--\r\n"));
    mail.into_bytes()
}

fn file(path: &str) -> Vec<u8> {
    fs::read(corpus().join(path)).unwrap()
}

fn archive(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// What the manifest promises of a file.
fn phrase(path: &str) -> String {
    let entry = crate::support::manifest().into_iter().find(|entry| entry.path == path).expect("in the manifest");
    entry.phrases[0].text.clone()
}

const WORD: &str = "office/docx/zh-company-law-2023.docx";
const PDF: &str = "pdf/text/zh-bidding-law.pdf";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_attached_to_a_mail_is_found() {
    let folder = tempfile::tempdir().unwrap();
    // 预算.txt as Windows in China writes it.
    let gbk_name = b"\xd4\xa4\xcb\xe3.txt";
    let packed = archive(&[("说明/第一份.txt", "包里的说明文字".as_bytes().to_vec()), ("law.pdf", file(PDF))]);
    let nested = mail("inner", &[("%E5%90%88%E5%90%8C.docx", "application/octet-stream", file(WORD))]);
    let parts = [
        ("%E6%B3%95.pdf", "application/pdf", file(PDF)),
        ("%E6%89%93%E5%8C%85.zip", "application/zip", packed),
        ("%E8%BD%AC%E5%8F%91.eml", "message/rfc822", nested),
        ("bomb.zip", "application/zip", file("hostile/office/zip-bomb.docx")),
        ("end.txt", "text/plain", "最后的附件".as_bytes().to_vec()),
    ];
    let path = folder.path().join("来信.eml");
    fs::write(&path, mail("outer", &parts)).unwrap();
    let archive_path = folder.path().join("旧档.zip");
    fs::write(&archive_path, renamed(&archive(&[("ascii.txt", "用国标编码命名的文件".as_bytes().to_vec())]), gbk_name))
        .unwrap();
    let pool = WorkerPool::start(config()).await.unwrap();

    let result = prepare(&pool, &path).await.unwrap();
    let all = squeezed(&result.text.full_text());
    for wanted in ["银天加雅", "法.pdf", "打包.zip", "说明/第一份.txt", "包里的说明文字", "合同.docx", "最后的附件"]
    {
        assert!(all.contains(&squeezed(wanted)), "{wanted}");
    }
    for path in [WORD, PDF] {
        assert!(all.contains(&squeezed(&phrase(path))), "{path}");
    }

    let result = prepare(&pool, &archive_path).await.unwrap();
    let all = squeezed(&result.text.full_text());
    assert!(all.contains("预算.txt") && all.contains("用国标编码命名的文件"), "{all}");
    pool.stop().await;
}

/// Replaces the name `ascii.txt` of a zip file's entry, which is longer than `name`, by raw bytes.
fn renamed(zip: &[u8], name: &[u8]) -> Vec<u8> {
    let mut zip = zip.to_vec();
    let old = b"ascii.txt";
    let mut padded = name.to_vec();
    assert!(padded.len() <= old.len());
    // `.txt` stays at the end.
    while padded.len() < old.len() {
        padded.insert(0, b'A');
    }
    for at in 0..zip.len() - old.len() {
        if &zip[at..at + old.len()] == old {
            zip[at..at + old.len()].copy_from_slice(&padded);
        }
    }
    zip
}

/// Writes a gray TIFF file, uncompressed: for each page its pixels (0 or 255), as wide as high, and its orientation.
fn tiff(side: u32, pages: &[(Vec<u8>, u32)]) -> Vec<u8> {
    let mut file = b"II\x2a\0".to_vec();
    let mut link = file.len();
    file.extend([0; 4]);
    for (pixels, orientation) in pages {
        let strip = file.len() as u32;
        file.extend(pixels);
        let directory = file.len() as u32;
        file[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        let size = pixels.len() as u32;
        let tags = [
            (256, side),
            (257, side),
            (258, 8),
            (259, 1),
            (262, 1),
            (273, strip),
            (274, *orientation),
            (277, 1),
            (278, side),
            (279, size),
        ];
        file.extend((tags.len() as u16).to_le_bytes());
        for (tag, value) in tags {
            file.extend((tag as u16).to_le_bytes());
            file.extend(if tag == 274 { 3u16 } else { 4u16 }.to_le_bytes());
            file.extend(1u32.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        link = file.len();
        file.extend([0; 4]);
    }
    file
}

#[tokio::test]
async fn every_page_of_a_tiff_file_is_a_page_and_stands_upright() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("传真.tif");
    // A bar at the top; on the second page the same, stored as lying on its side (6: turn right by a quarter).
    let bar = |is_side: bool| -> Vec<u8> {
        (0..100u32 * 100)
            .map(|at| {
                let place = if is_side { at % 100 } else { at / 100 };
                if place < 20 { 0 } else { 255 }
            })
            .collect()
    };
    fs::write(&path, tiff(100, &[(bar(false), 1), (bar(true), 6), (bar(false), 1)])).unwrap();
    let pool = WorkerPool::start(config()).await.unwrap();
    let result = prepare(&pool, &path).await.unwrap();
    assert_eq!(result.prepared.page_sizes, [(75.0, 75.0); 3]);
    for page in 1..=3 {
        let dark = dark_at_top(&pool, &result, page).await;
        assert!(dark > 0.9, "page {page}: {dark}");
    }
    // A file cut off in its last page still shows the others.
    let bytes = fs::read(&path).unwrap();
    let cut = folder.path().join("cut.tif");
    fs::write(&cut, &bytes[..bytes.len() - 60]).unwrap();
    let cut = prepare(&pool, Path::new(&cut)).await.unwrap();
    assert_eq!(cut.prepared.page_sizes.len(), 2, "{:?}", cut.prepared.warnings);
    pool.stop().await;
}

/// The share of dark pixels in the upper fifth of a page.
async fn dark_at_top(pool: &WorkerPool, result: &crate::support::Result, page: u32) -> f32 {
    use wenshu::worker::{Answer, Task};
    let (pdf, out) = (result.pdf().unwrap(), result.folder.path().to_owned());
    let task = Task::RenderPage { pdf, page, width_px: 100, out };
    let Answer::Rendered { images } = pool.run(task).await.unwrap() else { panic!("another answer") };
    let bytes = fs::read(&images[0].file).unwrap();
    let pixels = image::load_from_memory_with_format(&bytes, image::ImageFormat::WebP).unwrap().to_luma8();
    let top = pixels.height() / 5;
    let dark = (0..top)
        .flat_map(|y| (0..pixels.width()).map(move |x| (x, y)))
        .filter(|(x, y)| pixels.get_pixel(*x, *y).0[0] < 100);
    dark.count() as f32 / (top * pixels.width()) as f32
}
