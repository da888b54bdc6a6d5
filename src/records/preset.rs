//! Which fields does an archive usually have? Sets that are added with one click.
//!
//! `dossier`: the description of a record by DA/T 18 (档案著录规则), with the periods of retention of Decree 8 (机关文件材料归档
//! 范围和文书档案保管期限规定) and the arrangement of DA/T 22 (归档文件整理规则).

use super::value::Kind;

/// A field of a set.
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub options: &'static [&'static str],
    pub required: bool,
    pub facet: bool,
    pub unique: bool,
}

const PLAIN: Field = Field { name: "", kind: Kind::Text, options: &[], required: false, facet: false, unique: false };

const DOSSIER: [Field; 12] = [
    Field { name: "档号", required: true, unique: true, ..PLAIN },
    Field { name: "题名", required: true, ..PLAIN },
    Field { name: "责任者", facet: true, ..PLAIN },
    Field { name: "文件编号", ..PLAIN },
    Field { name: "成文日期", kind: Kind::Date, ..PLAIN },
    Field { name: "全宗号", ..PLAIN },
    Field { name: "年度", kind: Kind::Number, required: true, facet: true, ..PLAIN },
    Field {
        name: "保管期限",
        kind: Kind::Choice,
        options: &["永久", "30年", "10年"],
        required: true,
        facet: true,
        ..PLAIN
    },
    Field { name: "机构(问题)", facet: true, ..PLAIN },
    Field { name: "件号", kind: Kind::Number, ..PLAIN },
    Field { name: "页数", kind: Kind::Number, ..PLAIN },
    Field { name: "备注", ..PLAIN },
];

/// The fields of a set; `None` when there is no such set.
pub fn fields(set: &str) -> Option<&'static [Field]> {
    (set == "dossier").then_some(&DOSSIER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::definition::{PropertyName, check_unique, parse_options};

    #[test]
    fn every_field_of_a_set_may_be_defined() {
        for field in fields("dossier").unwrap() {
            PropertyName::parse(field.name).unwrap();
            let options: Vec<String> = field.options.iter().map(|option| (*option).to_owned()).collect();
            parse_options(field.kind, &options).unwrap();
            check_unique(field.kind, field.unique).unwrap();
        }
        assert!(fields("nothing").is_none());
    }
}
