//! Which styles does a Word file of a page have? Real ones, named as Chinese offices know them.
//!
//! Sizes are half points, distances twentieths of a point, as the format counts. The official ones follow GB/T 9704-2012:
//! title in two, text in three, copies in four (the Chinese sizes 二号, 三号, 四号), lines of 28 points.

use std::fmt::Write;

/// A paragraph style.
pub struct Style {
    /// The page's name for it; empty for those that have a node of their own.
    pub page_name: &'static str,
    /// Its id in the file.
    pub id: &'static str,
    /// The name that people see.
    pub name: &'static str,
    /// Properties of paragraphs, in the order of the schema.
    paragraph: &'static str,
    /// Properties of characters, in the order of the schema.
    run: &'static str,
}

const FANG_SONG: &str = "<w:rFonts w:ascii=\"Times New Roman\" w:hAnsi=\"Times New Roman\" w:eastAsia=\"仿宋\" w:cs=\"Times New Roman\"/><w:sz w:val=\"32\"/><w:szCs w:val=\"32\"/>";
const FANG_SONG_SMALL: &str = "<w:rFonts w:ascii=\"Times New Roman\" w:hAnsi=\"Times New Roman\" w:eastAsia=\"仿宋\" w:cs=\"Times New Roman\"/><w:sz w:val=\"28\"/><w:szCs w:val=\"28\"/>";
const HEI: &str = "<w:rFonts w:ascii=\"Arial\" w:hAnsi=\"Arial\" w:eastAsia=\"黑体\" w:cs=\"Arial\"/>";
const LINE: &str = "<w:spacing w:before=\"0\" w:after=\"0\" w:line=\"560\" w:lineRule=\"exact\"/>";

/// The styles of whole paragraphs. Headings come on their own.
pub const STYLES: &[Style] = &[
    Style {
        page_name: "title",
        id: "Title",
        name: "Title",
        paragraph: "<w:keepNext/><w:spacing w:before=\"240\" w:after=\"240\"/><w:jc w:val=\"center\"/>",
        run: "<w:rFonts w:ascii=\"Arial\" w:hAnsi=\"Arial\" w:eastAsia=\"黑体\" w:cs=\"Arial\"/><w:b/><w:sz w:val=\"44\"/><w:szCs w:val=\"44\"/>",
    },
    Style {
        page_name: "subtitle",
        id: "Subtitle",
        name: "Subtitle",
        paragraph: "<w:spacing w:before=\"0\" w:after=\"240\"/><w:jc w:val=\"center\"/>",
        run: "<w:color w:val=\"595959\"/><w:sz w:val=\"32\"/><w:szCs w:val=\"32\"/>",
    },
    Style {
        page_name: "official-issuer",
        id: "OfficialIssuer",
        name: "公文发文机关标志",
        paragraph: "<w:spacing w:before=\"600\" w:after=\"480\"/><w:jc w:val=\"center\"/>",
        run: "<w:rFonts w:ascii=\"Times New Roman\" w:hAnsi=\"Times New Roman\" w:eastAsia=\"方正小标宋简体\"/><w:b/><w:color w:val=\"FF0000\"/><w:sz w:val=\"72\"/><w:szCs w:val=\"72\"/>",
    },
    Style {
        page_name: "official-number",
        id: "OfficialNumber",
        name: "公文发文字号",
        paragraph: "<w:pBdr><w:bottom w:val=\"single\" w:sz=\"18\" w:space=\"11\" w:color=\"FF0000\"/></w:pBdr><w:spacing w:before=\"0\" w:after=\"560\"/><w:jc w:val=\"center\"/>",
        run: FANG_SONG,
    },
    Style {
        page_name: "official-title",
        id: "OfficialTitle",
        name: "公文标题",
        paragraph: "<w:spacing w:before=\"560\" w:after=\"560\" w:line=\"680\" w:lineRule=\"exact\"/><w:jc w:val=\"center\"/>",
        run: "<w:rFonts w:ascii=\"Times New Roman\" w:hAnsi=\"Times New Roman\" w:eastAsia=\"方正小标宋简体\"/><w:sz w:val=\"44\"/><w:szCs w:val=\"44\"/>",
    },
    Style {
        page_name: "official-recipients",
        id: "OfficialRecipients",
        name: "公文主送机关",
        paragraph: LINE,
        run: FANG_SONG,
    },
    Style {
        page_name: "official-body",
        id: "OfficialBody",
        name: "公文正文",
        paragraph: "<w:spacing w:before=\"0\" w:after=\"0\" w:line=\"560\" w:lineRule=\"exact\"/><w:ind w:firstLineChars=\"200\" w:firstLine=\"640\"/><w:jc w:val=\"both\"/>",
        run: FANG_SONG,
    },
    Style {
        page_name: "official-attachment",
        id: "OfficialAttachment",
        name: "公文附件说明",
        paragraph: "<w:spacing w:before=\"560\" w:after=\"0\" w:line=\"560\" w:lineRule=\"exact\"/><w:ind w:firstLineChars=\"200\" w:firstLine=\"640\"/>",
        run: FANG_SONG,
    },
    Style {
        page_name: "official-signature",
        id: "OfficialSignature",
        name: "公文发文机关署名",
        paragraph: "<w:spacing w:before=\"1120\" w:after=\"0\" w:line=\"560\" w:lineRule=\"exact\"/><w:ind w:rightChars=\"200\" w:right=\"640\"/><w:jc w:val=\"right\"/>",
        run: FANG_SONG,
    },
    Style {
        page_name: "official-date",
        id: "OfficialDate",
        name: "公文成文日期",
        paragraph: "<w:spacing w:before=\"0\" w:after=\"560\" w:line=\"560\" w:lineRule=\"exact\"/><w:ind w:rightChars=\"400\" w:right=\"1280\"/><w:jc w:val=\"right\"/>",
        run: FANG_SONG,
    },
    Style {
        page_name: "official-copies",
        id: "OfficialCopies",
        name: "公文抄送机关",
        paragraph: "<w:pBdr><w:top w:val=\"single\" w:sz=\"8\" w:space=\"4\" w:color=\"000000\"/><w:bottom w:val=\"single\" w:sz=\"8\" w:space=\"4\" w:color=\"000000\"/></w:pBdr><w:spacing w:before=\"560\" w:after=\"0\" w:line=\"480\" w:lineRule=\"exact\"/><w:ind w:leftChars=\"100\" w:left=\"280\" w:rightChars=\"100\" w:right=\"280\"/>",
        run: FANG_SONG_SMALL,
    },
    Style {
        page_name: "",
        id: "Quote",
        name: "Quote",
        paragraph: "<w:pBdr><w:left w:val=\"single\" w:sz=\"24\" w:space=\"10\" w:color=\"C9CDD4\"/></w:pBdr><w:ind w:left=\"420\"/>",
        run: "<w:color w:val=\"595959\"/>",
    },
    Style {
        page_name: "",
        id: "SourceCode",
        name: "Source Code",
        paragraph: "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"F5F6F7\"/><w:wordWrap w:val=\"0\"/><w:spacing w:before=\"60\" w:after=\"60\" w:line=\"300\" w:lineRule=\"auto\"/>",
        run: "<w:rFonts w:ascii=\"Consolas\" w:hAnsi=\"Consolas\" w:eastAsia=\"等线\" w:cs=\"Consolas\"/><w:sz w:val=\"20\"/><w:szCs w:val=\"20\"/>",
    },
];

/// What is behind the cells of a table's header.
pub const HEADER_COLOR: &str = "F2F3F5";

/// The style of a page's paragraph.
pub fn find(page_name: &str) -> Option<&'static Style> {
    STYLES.iter().find(|style| !page_name.is_empty() && style.page_name == page_name)
}

/// Half points of the headings.
const HEADINGS: [u8; 6] = [36, 32, 28, 26, 24, 24];

/// `word/styles.xml`.
pub fn styles_xml() -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<w:styles xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
         <w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii=\"Times New Roman\" w:hAnsi=\"Times New Roman\" w:eastAsia=\"宋体\" w:cs=\"Times New Roman\"/>\
         <w:sz w:val=\"24\"/><w:szCs w:val=\"24\"/><w:lang w:val=\"en-US\" w:eastAsia=\"zh-CN\" w:bidi=\"ar-SA\"/></w:rPr></w:rPrDefault>\
         <w:pPrDefault><w:pPr><w:spacing w:after=\"80\" w:line=\"360\" w:lineRule=\"auto\"/></w:pPr></w:pPrDefault></w:docDefaults>\
         <w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\"><w:name w:val=\"Normal\"/><w:qFormat/></w:style>\
         <w:style w:type=\"character\" w:default=\"1\" w:styleId=\"DefaultParagraphFont\"><w:name w:val=\"Default Paragraph Font\"/><w:uiPriority w:val=\"1\"/><w:semiHidden/></w:style>\
         <w:style w:type=\"table\" w:default=\"1\" w:styleId=\"TableNormal\"><w:name w:val=\"Normal Table\"/><w:uiPriority w:val=\"99\"/><w:semiHidden/>\
         <w:tblPr><w:tblInd w:w=\"0\" w:type=\"dxa\"/><w:tblCellMar><w:top w:w=\"0\" w:type=\"dxa\"/><w:left w:w=\"108\" w:type=\"dxa\"/><w:bottom w:w=\"0\" w:type=\"dxa\"/><w:right w:w=\"108\" w:type=\"dxa\"/></w:tblCellMar></w:tblPr></w:style>\
         <w:style w:type=\"numbering\" w:default=\"1\" w:styleId=\"NoList\"><w:name w:val=\"No List\"/><w:semiHidden/></w:style>",
    );
    for (index, size) in HEADINGS.iter().enumerate() {
        let level = index + 1;
        let _ = write!(
            out,
            "<w:style w:type=\"paragraph\" w:styleId=\"Heading{level}\"><w:name w:val=\"heading {level}\"/><w:basedOn w:val=\"Normal\"/><w:next w:val=\"Normal\"/>\
             <w:uiPriority w:val=\"9\"/><w:qFormat/><w:pPr><w:keepNext/><w:keepLines/><w:spacing w:before=\"260\" w:after=\"120\"/><w:outlineLvl w:val=\"{index}\"/></w:pPr>\
             <w:rPr>{HEI}<w:b/><w:bCs/><w:sz w:val=\"{size}\"/><w:szCs w:val=\"{size}\"/></w:rPr></w:style>"
        );
    }
    for style in STYLES {
        let custom =
            if style.id.starts_with("Official") || style.id == "SourceCode" { " w:customStyle=\"1\"" } else { "" };
        let _ = write!(
            out,
            "<w:style w:type=\"paragraph\"{custom} w:styleId=\"{}\"><w:name w:val=\"{}\"/><w:basedOn w:val=\"Normal\"/><w:qFormat/><w:pPr>{}</w:pPr><w:rPr>{}</w:rPr></w:style>",
            style.id, style.name, style.paragraph, style.run
        );
    }
    out.push_str(
        "<w:style w:type=\"character\" w:styleId=\"Hyperlink\"><w:name w:val=\"Hyperlink\"/><w:basedOn w:val=\"DefaultParagraphFont\"/><w:rPr><w:color w:val=\"0563C1\"/><w:u w:val=\"single\"/></w:rPr></w:style>\
         <w:style w:type=\"character\" w:customStyle=\"1\" w:styleId=\"VerbatimChar\"><w:name w:val=\"Verbatim Char\"/><w:basedOn w:val=\"DefaultParagraphFont\"/><w:rPr><w:rFonts w:ascii=\"Consolas\" w:hAnsi=\"Consolas\" w:cs=\"Consolas\"/><w:sz w:val=\"22\"/></w:rPr></w:style>\
         <w:style w:type=\"character\" w:customStyle=\"1\" w:styleId=\"Mention\"><w:name w:val=\"提及\"/><w:basedOn w:val=\"DefaultParagraphFont\"/><w:rPr><w:color w:val=\"1F7488\"/></w:rPr></w:style>\
         <w:style w:type=\"paragraph\" w:styleId=\"Footer\"><w:name w:val=\"footer\"/><w:basedOn w:val=\"Normal\"/><w:pPr><w:jc w:val=\"center\"/></w:pPr><w:rPr><w:sz w:val=\"18\"/></w:rPr></w:style>\
         <w:style w:type=\"paragraph\" w:styleId=\"TableText\" w:customStyle=\"1\"><w:name w:val=\"表格文字\"/><w:basedOn w:val=\"Normal\"/><w:pPr><w:spacing w:after=\"0\" w:line=\"300\" w:lineRule=\"auto\"/></w:pPr></w:style>\
         <w:style w:type=\"paragraph\" w:styleId=\"TableHead\" w:customStyle=\"1\"><w:name w:val=\"表格标题行\"/><w:basedOn w:val=\"TableText\"/><w:rPr><w:b/><w:bCs/></w:rPr></w:style>\
         <w:style w:type=\"table\" w:styleId=\"TableGrid\"><w:name w:val=\"Table Grid\"/><w:basedOn w:val=\"TableNormal\"/><w:tblPr><w:tblBorders>\
         <w:top w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"auto\"/><w:left w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"auto\"/>\
         <w:bottom w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"auto\"/><w:right w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"auto\"/>\
         <w:insideH w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"auto\"/><w:insideV w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"auto\"/>\
         </w:tblBorders></w:tblPr></w:style></w:styles>",
    );
    out
}

/// What a list counts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Dots.
    Bullets,
    /// Nothing: the text itself begins with a box.
    Tasks,
    /// Numbers or letters.
    Ordered {
        /// The page's name for the way it counts, see [`NUMBERINGS`].
        format: &'static str,
        /// The first number.
        start: i64,
    },
}

/// One list of the page: its counting and the level on which it stands.
pub struct List {
    /// How it counts.
    pub counting: Counting,
    /// From 0.
    pub level: usize,
}

/// Ways to count: the page's name, the format's, and what stands around the number.
const NUMBERINGS: [(&str, &str, &str, &str); 11] = [
    ("bullet", "bullet", "", ""),
    ("task", "bullet", "", ""),
    ("1", "decimal", "", "."),
    ("a", "lowerLetter", "", "."),
    ("A", "upperLetter", "", "."),
    ("i", "lowerRoman", "", "."),
    ("I", "upperRoman", "", "."),
    ("decimal-paren", "decimal", "（", "）"),
    ("cjk", "chineseCounting", "", "、"),
    ("cjk-paren", "chineseCounting", "（", "）"),
    ("circled", "decimalEnclosedCircle", "", ""),
];

/// The known name of a page's way to count.
pub fn numbering(name: &str) -> &'static str {
    NUMBERINGS[3..].iter().map(|(known, ..)| *known).find(|known| *known == name).unwrap_or("1")
}

const LEVELS: usize = 9;
/// Twentieths of a point by which a level is further in.
pub const LIST_STEP: i64 = 480;

/// `word/numbering.xml`: each list counts on its own.
pub fn numbering_xml(lists: &[List]) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<w:numbering xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">",
    );
    for (number, (name, format, before, after)) in NUMBERINGS.iter().enumerate() {
        let _ =
            write!(out, "<w:abstractNum w:abstractNumId=\"{number}\"><w:multiLevelType w:val=\"hybridMultilevel\"/>");
        for level in 0..LEVELS {
            let text = match *name {
                "bullet" => ["•", "◦", "▪"][level % 3].to_owned(),
                // Not quite nothing: pandoc takes a list without any sign for none.
                "task" => "\u{200b}".to_owned(),
                _ => format!("{before}%{}{after}", level + 1),
            };
            let left = (level as i64 + 1) * LIST_STEP;
            let _ = write!(
                out,
                "<w:lvl w:ilvl=\"{level}\"><w:start w:val=\"1\"/><w:numFmt w:val=\"{format}\"/><w:lvlText w:val=\"{text}\"/><w:lvlJc w:val=\"left\"/>\
                 <w:pPr><w:ind w:left=\"{left}\" w:hanging=\"{LIST_STEP}\"/></w:pPr></w:lvl>"
            );
        }
        out.push_str("</w:abstractNum>");
    }
    for (index, list) in lists.iter().enumerate() {
        let (kind, start) = match list.counting {
            Counting::Bullets => (0, None),
            Counting::Tasks => (1, None),
            Counting::Ordered { format, start } => {
                (NUMBERINGS.iter().position(|(known, ..)| *known == format).unwrap_or(2), Some(start))
            }
        };
        let _ = write!(out, "<w:num w:numId=\"{}\"><w:abstractNumId w:val=\"{kind}\"/>", index + 1);
        if let Some(start) = start {
            let level = list.level.min(LEVELS - 1);
            let _ =
                write!(out, "<w:lvlOverride w:ilvl=\"{level}\"><w:startOverride w:val=\"{start}\"/></w:lvlOverride>");
        }
        out.push_str("</w:num>");
    }
    out + "</w:numbering>"
}
