//! The isolated worker, from outside: the real child binary, LibreOffice, pdfium and tesseract, over the whole corpus.

mod corpus;
mod exchange;
mod limits;
mod pages;
mod support;
