//! Pages as files and files as text for the editor: nothing that a page can say is lost, nothing hostile comes through.

use std::path::{Path, PathBuf};

use wenshu::worker::{
    Answer, ExportFormat, PoolConfig, Task, WorkerError, WorkerPool, pictures::write_parcel, room::pack,
};
use yrs::{
    Any, Doc, Options, ReadTxn, StateVector, Text, Transact, TransactionMut, WriteTxn, Xml, XmlElementPrelim,
    XmlElementRef, XmlFragment, XmlTextPrelim,
};

use crate::support::{config, corpus, limits, manifest, squeezed};

const PICTURE: &str = "01900000-0000-7000-8000-000000000001";
const SECRET: &str = "01900000-0000-7000-8000-000000000002";

async fn pool() -> WorkerPool {
    WorkerPool::start(PoolConfig { converters: 2, limits: limits(), ..config() }).await.unwrap()
}

/// Builds a page; `build` gets its body.
fn page(build: impl FnOnce(&mut TransactionMut, &dyn Fn(&mut TransactionMut, &str) -> XmlElementRef)) -> Vec<u8> {
    let doc = Doc::with_options(Options { offset_kind: yrs::OffsetKind::Utf16, ..Options::default() });
    let mut tx = doc.transact_mut();
    let body = tx.get_or_insert_xml_fragment("default");
    build(&mut tx, &|tx, tag| body.push_back(tx, XmlElementPrelim::empty(tag)));
    tx.encode_state_as_update_v1(&StateVector::default())
}

fn inside(tx: &mut TransactionMut, parent: &XmlElementRef, tag: &str) -> XmlElementRef {
    parent.push_back(tx, XmlElementPrelim::empty(tag))
}

fn set(tx: &mut TransactionMut, element: &XmlElementRef, attributes: &[(&str, Any)]) {
    for (name, value) in attributes {
        element.insert_attribute(tx, (*name).to_owned(), value.clone());
    }
}

fn write(tx: &mut TransactionMut, element: &XmlElementRef, runs: &[(&str, &[(&str, Any)])]) {
    let text = element.push_back(tx, XmlTextPrelim::new(""));
    for (run, marks) in runs {
        let end = text.len(tx);
        let marks = marks.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
        text.insert_with_attributes(tx, end, run, marks);
    }
}

fn map(entries: &[(&str, &str)]) -> Any {
    Any::from(
        entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), Any::from(*value)))
            .collect::<std::collections::HashMap<_, _>>(),
    )
}

/// A page with everything that the schema has.
fn everything() -> Vec<u8> {
    page(|tx, add| {
        let on = || map(&[]);
        let styled = |tx: &mut TransactionMut, name: &str, text: &str| {
            let paragraph = add(tx, "paragraph");
            set(tx, &paragraph, &[("styleName", Any::from(name))]);
            write(tx, &paragraph, &[(text, &[])]);
        };
        styled(tx, "title", "年度工作总结");
        styled(tx, "subtitle", "办公室 二〇二六年");
        for level in 1..=6 {
            let heading = add(tx, "heading");
            set(
                tx,
                &heading,
                &[
                    ("level", Any::from(level as i64)),
                    ("textAlign", Any::from(if level == 2 { "center" } else { "left" })),
                ],
            );
            write(tx, &heading, &[(&format!("第{level}级标题"), &[])]);
        }
        let paragraph = add(tx, "paragraph");
        set(tx, &paragraph, &[("textAlign", Any::from("justify")), ("indent", Any::from(1i64))]);
        write(
            tx,
            &paragraph,
            &[
                ("普通 <文字> & ", &[]),
                ("加粗", &[("bold", on())]),
                ("斜体", &[("italic", on())]),
                ("下划线", &[("underline", on())]),
                ("删除线", &[("strike", on())]),
                ("H", &[]),
                ("2", &[("subscript", on())]),
                ("O m", &[]),
                ("2", &[("superscript", on())]),
                (
                    "红色大字",
                    &[("textStyle", map(&[("color", "#ff0000"), ("fontSize", "22pt"), ("fontFamily", "黑体")]))],
                ),
                ("高亮", &[("highlight", map(&[("color", "#ffff00")]))]),
                ("code()", &[("code", on())]),
                ("链接", &[("link", map(&[("href", "https://example.org/a?b=1&c=2")]))]),
                ("坏链接", &[("link", map(&[("href", "javascript:alert(1)")]))]),
                ("新增", &[("insertion", map(&[("id", "1"), ("name", "张三"), ("at", "1760000000000")]))]),
                ("删去", &[("deletion", map(&[("id", "2"), ("name", "李四"), ("at", "1760000000000")]))]),
            ],
        );
        let mention = inside(tx, &paragraph, "mention");
        set(tx, &mention, &[("id", Any::from("u1")), ("label", Any::from("王五"))]);
        inside(tx, &paragraph, "hardBreak");
        write(tx, &paragraph, &[("第二行", &[])]);

        let list = add(tx, "orderedList");
        set(tx, &list, &[("start", Any::from(3i64)), ("type", Any::from("cjk-paren"))]);
        for text in ["有序三", "有序四"] {
            let item = inside(tx, &list, "listItem");
            let line = inside(tx, &item, "paragraph");
            write(tx, &line, &[(text, &[])]);
            let nested = inside(tx, &item, "bulletList");
            let item = inside(tx, &nested, "listItem");
            let line = inside(tx, &item, "paragraph");
            write(tx, &line, &[("嵌套", &[])]);
        }
        let tasks = add(tx, "taskList");
        for (text, done) in [("待办", false), ("完成", true)] {
            let item = inside(tx, &tasks, "taskItem");
            set(tx, &item, &[("checked", Any::Bool(done))]);
            let line = inside(tx, &item, "paragraph");
            write(tx, &line, &[(text, &[])]);
        }
        let quote = add(tx, "blockquote");
        let line = inside(tx, &quote, "paragraph");
        write(tx, &line, &[("引用的话", &[])]);
        let code = add(tx, "codeBlock");
        set(tx, &code, &[("language", Any::from("rust"))]);
        write(tx, &code, &[("fn main() {\n    println!(\"<&>\");\n}", &[])]);
        add(tx, "horizontalRule");

        let table = add(tx, "table");
        let cell = |tx: &mut TransactionMut, row: &XmlElementRef, tag: &str, text: &str, attributes: &[(&str, Any)]| {
            let cell = inside(tx, row, tag);
            set(tx, &cell, attributes);
            let line = inside(tx, &cell, "paragraph");
            write(tx, &line, &[(text, &[])]);
        };
        let width = |pixels: &[i64]| Any::from(pixels.iter().map(|width| Any::from(*width)).collect::<Vec<_>>());
        let row = inside(tx, &table, "tableRow");
        cell(tx, &row, "tableHeader", "部门", &[("colwidth", width(&[100]))]);
        cell(tx, &row, "tableHeader", "数据", &[("colspan", Any::from(2i64)), ("colwidth", width(&[200, 150]))]);
        let row = inside(tx, &table, "tableRow");
        cell(
            tx,
            &row,
            "tableCell",
            "跨两行",
            &[("rowspan", Any::from(2i64)), ("backgroundColor", Any::from("#d9f2d0"))],
        );
        cell(tx, &row, "tableCell", "一", &[]);
        cell(tx, &row, "tableCell", "二", &[]);
        let row = inside(tx, &table, "tableRow");
        cell(tx, &row, "tableCell", "三", &[]);
        cell(tx, &row, "tableCell", "四", &[]);

        for (id, alt) in [(PICTURE, "图一"), (SECRET, "看不到的图")] {
            let image = add(tx, "image");
            set(
                tx,
                &image,
                &[
                    ("src", Any::from(format!("/api/v1/documents/{id}/content"))),
                    ("alt", Any::from(alt)),
                    ("width", Any::from(160i64)),
                    ("align", Any::from("center")),
                ],
            );
        }
        add(tx, "pageBreak");
        for (name, text) in [
            ("official-issuer", "××市人民政府文件"),
            ("official-number", "×政发〔2026〕12号"),
            ("official-title", "××市人民政府关于做好公文处理工作的通知"),
            ("official-recipients", "各区县人民政府，市政府各部门："),
            (
                "official-body",
                "为进一步规范公文处理工作，提高公文质量和运转效率，现就有关事项通知如下，请认真贯彻执行。",
            ),
            ("official-attachment", "附件：公文格式样本"),
            ("official-signature", "××市人民政府"),
            ("official-date", "2026年11月21日"),
            ("official-copies", "抄送：市委各部门，市人大常委会办公厅。"),
        ] {
            styled(tx, name, text);
        }
    })
}

/// A small red PNG.
fn picture(folder: &Path) -> PathBuf {
    let file = folder.join("red.png");
    image::RgbImage::from_pixel(80, 40, image::Rgb([200, 30, 30])).save(&file).unwrap();
    file
}

struct Made {
    bytes: Vec<u8>,
    media_type: String,
    warnings: Vec<String>,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

async fn run(pool: &WorkerPool, folder: tempfile::TempDir, task: Task) -> Result<Made, WorkerError> {
    match pool.run(task).await? {
        Answer::Converted { file, media_type, warnings } => Ok(Made {
            bytes: std::fs::read(&file).unwrap(),
            media_type,
            warnings: warnings.into_iter().map(|warning| warning.code).collect(),
            file,
            _folder: folder,
        }),
        other => panic!("{other:?}"),
    }
}

async fn export(pool: &WorkerPool, state: &[u8], format: ExportFormat) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("parcel");
    let shown = [(PICTURE.to_owned(), picture(folder.path()))];
    write_parcel(&input, &pack([state]), &shown).unwrap();
    let task = Task::Export { format, input, title: "总结 <一>".into(), out: folder.path().join("out") };
    let made = run(pool, folder, task).await.unwrap();
    // For looking at.
    if let Some(to) = std::env::var_os("KEEP") {
        std::fs::create_dir_all(&to).unwrap();
        std::fs::copy(&made.file, PathBuf::from(to).join(made.file.file_name().unwrap())).unwrap();
    }
    made
}

async fn import(pool: &WorkerPool, file: &Path) -> Result<Made, WorkerError> {
    let folder = tempfile::tempdir().unwrap();
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    run(pool, folder, Task::Import { input: file.to_owned(), name, out: PathBuf::from("/nowhere") }.with_out()).await
}

trait WithOut {
    fn with_out(self) -> Self;
}

impl WithOut for Task {
    /// Gives an import a folder of its own.
    fn with_out(self) -> Self {
        match self {
            Task::Import { input, name, .. } => Task::Import { input, name, out: tempfile::tempdir().unwrap().keep() },
            other => other,
        }
    }
}

fn part(zip: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut zip.by_name(name).unwrap(), &mut text).unwrap();
    text
}

#[tokio::test]
async fn a_page_with_everything_becomes_a_word_file_and_comes_back() {
    let pool = pool().await;
    let state = everything();
    let made = export(&pool, &state, ExportFormat::Docx).await;
    assert_eq!(made.warnings, ["pictures_left_out"], "the picture that may not be read is left out, and that is said");
    let document = part(&made.bytes, "word/document.xml");
    for wanted in [
        "w:val=\"OfficialTitle\"",
        "w:val=\"Heading6\"",
        "<w:ins ",
        "<w:delText",
        "w:author=\"张三\"",
        "<w:br w:type=\"page\"/>",
        "<w:tblHeader/>",
        "<w:vMerge w:val=\"restart\"/>",
        "<w:gridSpan w:val=\"2\"/>",
        "<w:jc w:val=\"center\"/>",
        "<w:color w:val=\"FF0000\"/><w:sz w:val=\"44\"/>",
        "w:fill=\"D9F2D0\"",
        "@王五",
        "[看不到的图]",
        "descr=\"图一\"",
    ] {
        assert!(document.contains(wanted), "{wanted} is missing");
    }
    assert!(!part(&made.bytes, "word/_rels/document.xml.rels").contains("javascript"));
    assert!(part(&made.bytes, "word/numbering.xml").contains("<w:startOverride w:val=\"3\"/>"));

    let back = import(&pool, &made.file).await.unwrap();
    let html = String::from_utf8(back.bytes).unwrap();
    for wanted in [
        "<h1>第1级标题</h1>",
        "<h2 style=\"text-align:center\">",
        "<h6>",
        "<strong>加粗</strong>",
        "<em>斜体</em>",
        "<u>下划线</u>",
        "<s>删除线</s>",
        "<sub>2</sub>",
        "<sup>2</sup>",
        "color:#ff0000;font-size:22pt;font-family:黑体",
        "background-color:#ffff00",
        "<code>code()</code>",
        "<a href=\"https://example.org/a?b=1&amp;c=2\">",
        "<ol start=\"3\" type=\"cjk-paren\">",
        "data-checked=\"true\"",
        "<blockquote>",
        "<pre><code",
        "println!(&quot;&lt;&amp;&gt;&quot;)",
        "<hr>",
        "colspan=\"2\"",
        "rowspan=\"2\"",
        "background-color:#d9f2d0",
        "data-align=\"center\"",
        "width=\"160\"",
        "<div data-page-break></div>",
        "data-style-name=\"official-title\"",
        "data-style-name=\"official-copies\"",
        "data-style-name=\"title\"",
        "<th colwidth=\"100\"><p>部门</p></th>",
        "colwidth=\"200,150\"",
        "普通 &lt;文字&gt; &amp;",
    ] {
        assert!(html.contains(wanted), "{wanted} did not come back:\n{html}");
    }
    assert_eq!(html.matches("<img ").count(), 1);
    assert_eq!(html.matches("<li").count(), 6);
    assert_eq!(html.matches("<blockquote").count(), 1);
    pool.stop().await;
}

#[tokio::test]
async fn a_page_with_everything_becomes_pages_and_a_file_of_its_own_and_markdown() {
    let pool = pool().await;
    let state = everything();
    let pdf = export(&pool, &state, ExportFormat::Pdf).await;
    assert_eq!(pdf.media_type, "application/pdf");
    assert!(pdf.bytes.starts_with(b"%PDF-"));

    let html = String::from_utf8(export(&pool, &state, ExportFormat::Html).await.bytes).unwrap();
    assert!(html.contains("<title>总结 &lt;一&gt;</title>") && html.contains("src=\"data:image/png;base64,"));
    for never in ["<script", "javascript:", "/api/v1/", "http://"] {
        assert!(!html.contains(never), "{never}");
    }

    let md = export(&pool, &state, ExportFormat::Md).await;
    assert_eq!(md.media_type, "application/zip", "pictures come along in a folder");
    let text = part(&md.bytes, "总结 _一_.md");
    for wanted in [
        "# 第1级标题",
        "**加粗**",
        "-   [x] 完成",
        "-   [ ] 待办",
        "# 年度工作总结",
        "images/1.png",
        "``` rust",
        "> 引用的话",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing:\n{text}");
    }
    pool.stop().await;
}

#[tokio::test]
async fn every_kind_of_text_document_is_read() {
    let pool = pool().await;
    for (file, wanted) in [
        ("office/odt/zh-personal-information-law.odt", "个人信息"),
        ("office/doc/zh-cryptography-law.doc", "密码"),
        ("office/rtf/zh-state-secrets-law.rtf", "国家秘密"),
        ("office/html/zh-electronic-signature-law-gb2312.html", "电子签名"),
        ("office/md/zh-constitution.md", "<h1>"),
    ] {
        let html = String::from_utf8(import(&pool, &corpus().join(file)).await.unwrap().bytes).unwrap();
        assert!(html.contains(wanted), "{file}: {wanted}");
    }
    pool.stop().await;
}

#[tokio::test]
async fn hostile_files_end_with_their_code_and_nothing_comes_through() {
    let pool = pool().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:9").ok();
    let mut refused = 0;
    for entry in
        manifest().into_iter().filter(|entry| entry.path.starts_with("hostile/") && !entry.path.ends_with("names.json"))
    {
        match import(&pool, &corpus().join(&entry.path)).await {
            Ok(made) => {
                let html = String::from_utf8(made.bytes).unwrap();
                let lower = html.to_ascii_lowercase();
                for never in
                    ["<script", "javascript:", "<iframe", "src=\"http", "src=\"file", " onerror=", "root:x:0:0"]
                {
                    assert!(!lower.contains(never), "{}: {never} came through", entry.path);
                }
                for text in &entry.must_not {
                    assert!(!squeezed(&html).contains(&squeezed(text)), "{}: {text:?} came through", entry.path);
                }
                assert!(entry.expect.as_deref() != Some("error"), "{} must be refused", entry.path);
            }
            Err(error) => {
                refused += 1;
                assert!(error.is_final() && !error.message.is_empty(), "{}: {error}", entry.path);
            }
        }
    }
    assert!(refused > 20, "{refused}");
    if let Some(listener) = listener {
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "a document made the worker open a connection");
    }
    pool.stop().await;
}

#[tokio::test]
async fn every_word_file_keeps_its_words() {
    let pool = pool().await;
    for entry in manifest().into_iter().filter(|entry| entry.path.starts_with("office/docx/")) {
        let began = std::time::Instant::now();
        let outcome = import(&pool, &corpus().join(&entry.path)).await;
        if entry.needs_password {
            assert_eq!(outcome.err().unwrap().code, "document_encrypted");
            continue;
        }
        let made = outcome.unwrap_or_else(|error| panic!("{}: {error}", entry.path));
        let html = String::from_utf8(made.bytes).unwrap();
        if let Some(to) = std::env::var_os("KEEP") {
            std::fs::write(PathBuf::from(to).join(format!("{}.html", entry.path.replace('/', "_"))), &html).unwrap();
        }
        let text: String = html.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text).collect();
        let text =
            squeezed(&text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"));
        assert!(!html.contains(['\u{fdd0}', '\u{fdd1}']), "{}: a note is left", entry.path);
        let lost: Vec<_> = entry.phrases.iter().filter(|phrase| !text.contains(&squeezed(&phrase.text))).collect();
        let lost: Vec<&String> = lost.iter().map(|phrase| &phrase.text).collect();
        println!("{:60} {:6.2} s {:8} bytes", entry.path, began.elapsed().as_secs_f32(), html.len());
        assert!(lost.is_empty(), "{}: lost {lost:?}", entry.path);
    }
    pool.stop().await;
}
