//! The isolated worker, from outside: the real child binary, LibreOffice, pdfium and tesseract, over the whole corpus.

mod corpus;
mod exchange;
mod inner;
mod limits;
mod mutations;
mod pages;
mod rectangles;
mod support;
