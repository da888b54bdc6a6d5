//! In which process is untrusted content parsed, converted and drawn?
//!
//! Never in the server. The server holds a [`WorkerPool`]: a few child processes (`wenshu worker`) that can read the
//! system's programs and fonts, write their own folder, and reach nothing else. A [`Task`] goes in as one JSON message,
//! files go through the child's folder, and an [`Answer`] or a [`WorkerError`] with a stable code comes out. Whatever a
//! document does to its child (crash, endless loop, memory, disk), the pool kills the child's process group, starts
//! another one, and only that document's task fails.
//!
//! Parent side: `pool` (lanes), `slot` (one child's folder and life), `watch` (memory and disk), `wire` (framing).
//! Child side: `child` (loop), `sandbox` (limits it puts on itself), then one module per kind of work.

mod apart;
pub mod board;
mod board_drawing;
pub mod child;
mod docx;
mod docx_marks;
mod docx_package;
mod docx_styles;
mod export;
mod font_map;
mod image;
mod import;
mod limits;
mod ocr;
mod office;
mod pandoc;
mod pandoc_html;
mod pdf;
mod pdf_text;
pub mod pictures;
mod pool;
mod positioned;
mod prepare;
mod recognise;
mod render;
pub mod room;
mod room_html;
mod room_notes;
mod room_restore;
mod room_tree;
mod sandbox;
mod slot;
pub mod table;
mod task;
mod text_file;
mod tiff_pages;
mod unlock;
mod unlock_odf;
mod unlock_ooxml;
mod watch;
mod wire;
mod workers;

pub use limits::{Isolation, Limits};
pub use pool::{PoolConfig, WorkerPool};
pub use prepare::{has_way, unreadable};
pub use recognise::Recognised;
pub use room_notes::{NotedMessage, NotedThread};
pub use task::{
    Answer, ExportFormat, PageImage, Password, Prepared, Probe, Rendition, RoomMake, Task, Warning, WorkerError, codes,
};
pub use workers::Workers;
