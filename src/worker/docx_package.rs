//! What is in a Word file beside its text? The parts of the package, put into one ZIP archive.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{
    docx::{Body, xml},
    docx_styles::{numbering_xml, styles_xml},
    pictures::{Pictures, ending},
};

/// Writes the file. The same page gives the same bytes.
pub fn write(to: &Path, title: &str, body: &Body, pictures: &Pictures) -> io::Result<()> {
    let mut zip = ZipWriter::new(BufWriter::new(File::create(to)?));
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut part = |name: &str, content: &[u8], options| -> io::Result<()> {
        zip.start_file(name, options).map_err(io::Error::other)?;
        zip.write_all(content)
    };
    part("[Content_Types].xml", CONTENT_TYPES.as_bytes(), packed)?;
    part("_rels/.rels", PACKAGE_RELATIONS.as_bytes(), packed)?;
    part("docProps/core.xml", core(title).as_bytes(), packed)?;
    part("word/document.xml", body.document.as_bytes(), packed)?;
    part("word/_rels/document.xml.rels", relations(body, pictures).as_bytes(), packed)?;
    part("word/styles.xml", styles_xml().as_bytes(), packed)?;
    part("word/numbering.xml", numbering_xml(&body.lists).as_bytes(), packed)?;
    part("word/settings.xml", SETTINGS.as_bytes(), packed)?;
    part("word/footer1.xml", footer(body.official).as_bytes(), packed)?;
    for index in &body.used {
        let picture = &pictures.0[*index];
        part(&format!("word/media/picture{index}.{}", ending(picture.media_type)), &picture.bytes, stored)?;
    }
    zip.finish().map_err(io::Error::other)?.flush()
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

const CONTENT_TYPES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
    <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
    <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
    <Default Extension=\"xml\" ContentType=\"application/xml\"/><Default Extension=\"png\" ContentType=\"image/png\"/>\
    <Default Extension=\"jpeg\" ContentType=\"image/jpeg\"/><Default Extension=\"gif\" ContentType=\"image/gif\"/>\
    <Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/>\
    <Override PartName=\"/word/styles.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml\"/>\
    <Override PartName=\"/word/numbering.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml\"/>\
    <Override PartName=\"/word/settings.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml\"/>\
    <Override PartName=\"/word/footer1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml\"/>\
    <Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/></Types>";

const PACKAGE_RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
    <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
    <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/>\
    <Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/></Relationships>";

const SETTINGS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
    <w:settings xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:defaultTabStop w:val=\"420\"/>\
    <w:characterSpacingControl w:val=\"compressPunctuation\"/><w:compat><w:doNotExpandShiftReturn/>\
    <w:compatSetting w:name=\"compatibilityMode\" w:uri=\"http://schemas.microsoft.com/office/word\" w:val=\"15\"/></w:compat></w:settings>";

fn core(title: &str) -> String {
    format!(
        "{HEAD}<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>{}</dc:title></cp:coreProperties>",
        xml(title)
    )
}

fn relations(body: &Body, pictures: &Pictures) -> String {
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut out =
        format!("{HEAD}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">");
    for (id, file) in
        [("styles", "styles"), ("numbering", "numbering"), ("settings", "settings"), ("footer", "footer1")]
    {
        let _ = write!(out, "<Relationship Id=\"{id}\" Type=\"{OFFICE}/{id}\" Target=\"{file}.xml\"/>");
    }
    for (index, href) in body.links.iter().enumerate() {
        let _ = write!(
            out,
            "<Relationship Id=\"link{}\" Type=\"{OFFICE}/hyperlink\" Target=\"{}\" TargetMode=\"External\"/>",
            index + 1,
            xml(href)
        );
    }
    for index in &body.used {
        let ending = ending(pictures.0[*index].media_type);
        let _ = write!(
            out,
            "<Relationship Id=\"picture{index}\" Type=\"{OFFICE}/image\" Target=\"media/picture{index}.{ending}\"/>"
        );
    }
    out + "</Relationships>"
}

/// The page's number; with dashes at its sides on official documents.
fn footer(official: bool) -> String {
    let (before, after, size) = if official { ("— ", " —", 28) } else { ("", "", 18) };
    let properties = format!("<w:rPr><w:sz w:val=\"{size}\"/><w:szCs w:val=\"{size}\"/></w:rPr>");
    let text = |text: &str| {
        if text.is_empty() {
            String::new()
        } else {
            format!("<w:r>{properties}<w:t xml:space=\"preserve\">{text}</w:t></w:r>")
        }
    };
    format!(
        "{HEAD}<w:ftr xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:p><w:pPr><w:pStyle w:val=\"Footer\"/></w:pPr>{}\
         <w:r>{properties}<w:fldChar w:fldCharType=\"begin\"/></w:r><w:r>{properties}<w:instrText xml:space=\"preserve\"> PAGE </w:instrText></w:r>\
         <w:r>{properties}<w:fldChar w:fldCharType=\"separate\"/></w:r><w:r>{properties}<w:t>1</w:t></w:r><w:r>{properties}<w:fldChar w:fldCharType=\"end\"/></w:r>{}</w:p></w:ftr>",
        text(before),
        text(after)
    )
}
