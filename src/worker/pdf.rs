//! How does the worker talk to pdfium?
//!
//! Thin owners around the library's handles: [`Library`], [`Document`], [`Page`] close what they opened, in order. The
//! calls go through pdfium-render's bindings directly, because the text of a page is read character by character and the
//! questions asked of characters (mapping errors, render mode) have no higher-level form. One library per process, one
//! thread: the child does one task at a time.

use std::{
    ffi::c_void,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

use pdfium_render::prelude::{Pdfium, PdfiumLibraryBindings, PdfiumLibraryBindingsAccessor};

use super::task::{WorkerError, codes};

type Bindings = &'static dyn PdfiumLibraryBindings;

/// `FPDF_ANNOT`: draw annotations. `FPDF_REVERSE_BYTE_ORDER`: red first.
const RENDER_FLAGS: i32 = 0x01 | 0x10;
/// `FPDFBitmap_BGR`, which the flag above turns into red, green, blue.
const FORMAT_RGB: i32 = 2;
/// `FPDF_REMOVE_SECURITY`.
const REMOVE_SECURITY: u32 = 3;
const ERROR_PASSWORD: u64 = 4;
const ERROR_SECURITY: u64 = 5;

/// The loaded PDF library and the document opened last.
pub struct Library {
    bindings: Bindings,
    open: Option<(PathBuf, Document)>,
}

impl Library {
    /// Loads the library from the given path, or from where it is usually found.
    pub fn load(path: Option<&Path>) -> Option<Self> {
        let candidates = match path {
            Some(path) => vec![path.to_owned()],
            None => usual_places(),
        };
        let path = candidates.into_iter().find(|path| path.is_file())?;
        let bindings = match Pdfium::bind_to_library(&path) {
            Ok(bindings) => bindings,
            Err(error) => {
                eprintln!("the pdf library could not be loaded: {error}");
                return None;
            }
        };
        Pdfium::new(bindings);
        let bindings = Accessor.bindings();
        Some(Library { bindings, open: None })
    }

    /// Returns the document at this path, opened now or still open from before.
    pub fn document(&mut self, path: &Path) -> Result<&Document, WorkerError> {
        if self.open.as_ref().is_none_or(|(open, _)| open != path) {
            self.open = None;
            self.open = Some((path.to_owned(), Document::open(self.bindings, path, None)?));
        }
        Ok(&self.open.as_ref().expect("it was just opened").1)
    }

    /// Writes a protected PDF without its protection.
    pub fn unlock(&mut self, path: &Path, password: &str, out: &Path) -> Result<(), WorkerError> {
        self.open = None;
        match Document::open(self.bindings, path, None) {
            Ok(_) => return Err(WorkerError::new(codes::NOT_ENCRYPTED, "this document needs no password")),
            Err(error) if error.code == codes::ENCRYPTED => {}
            Err(error) => return Err(error),
        }
        let document = Document::open(self.bindings, path, Some(password))
            .map_err(|error| if error.code == codes::ENCRYPTED { super::unlock::wrong() } else { error })?;
        // SAFETY: the document is open.
        if unsafe { save(self.bindings, document.handle, out, REMOVE_SECURITY) } {
            return Ok(());
        }
        Err(WorkerError::new(codes::CONVERSION_FAILED, "the PDF could not be written without its password"))
    }

    /// Returns the raw functions.
    pub fn bindings(&self) -> Bindings {
        self.bindings
    }
}

struct Accessor;
impl PdfiumLibraryBindingsAccessor<'static> for Accessor {}

/// Returns where `libpdfium.so` may be: beside the program, in a `lib` folder near it, in the build folder, installed.
fn usual_places() -> Vec<PathBuf> {
    const NAME: &str = "libpdfium.so";
    let mut places = Vec::new();
    if let Some(folder) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        places.push(folder.join(NAME));
        places.push(folder.join("../lib").join(NAME));
        places.push(folder.join("../lib/wenshu").join(NAME));
        // A program built by cargo stands in target/debug or target/release.
        places.push(folder.join("../../build").join(NAME));
    }
    places.push(Path::new("build").join(NAME));
    places.extend(["/usr/lib/wenshu", "/usr/local/lib", "/usr/lib"].map(|folder| Path::new(folder).join(NAME)));
    places
}

/// Writes a document to a file; tells whether all of it was written.
///
/// # Safety
/// The handle must be that of an open document.
pub unsafe fn save(bindings: Bindings, document: *mut c_void, path: &Path, flags: u32) -> bool {
    let mut sink = Sink { version: 1, write: write_block, file: File::create(path).ok() };
    // SAFETY: the caller guarantees the document; the sink outlives the call.
    let saved = unsafe { bindings.FPDF_SaveAsCopy(document.cast(), (&raw mut sink).cast(), flags.into()) };
    saved != 0 && sink.file.is_some_and(|mut file| file.flush().is_ok())
}

/// `FPDF_FILEWRITE` with the file behind it.
#[repr(C)]
struct Sink {
    version: i32,
    write: unsafe extern "C" fn(*mut Sink, *const c_void, std::ffi::c_ulong) -> i32,
    file: Option<File>,
}

unsafe extern "C" fn write_block(sink: *mut Sink, data: *const c_void, size: std::ffi::c_ulong) -> i32 {
    // SAFETY: pdfium passes back the structure it was given, and a block of this size.
    let (sink, block) = unsafe { (&mut *sink, std::slice::from_raw_parts(data.cast::<u8>(), size as usize)) };
    i32::from(sink.file.as_mut().is_some_and(|file| file.write_all(block).is_ok()))
}

/// An open PDF.
pub struct Document {
    bindings: Bindings,
    handle: *mut c_void,
    form: *mut c_void,
    // pdfium keeps a pointer to it as long as the form environment lives.
    _form_info: Box<FormInfo>,
}

/// `FPDF_FORMFILLINFO`, version 2 without any callback: nothing in a document may make anything happen. Larger than the
/// real structure, all zero beyond the version.
#[repr(C, align(16))]
struct FormInfo {
    version: i32,
    nothing: [u8; 1020],
}

impl Document {
    fn open(bindings: Bindings, path: &Path, password: Option<&str>) -> Result<Self, WorkerError> {
        let text = path.to_str().ok_or_else(|| WorkerError::new(codes::UNAVAILABLE, "the path is not UTF-8"))?;
        // SAFETY: the library is initialised; the handle is checked before use.
        let handle = unsafe { bindings.FPDF_LoadDocument(text, password) };
        if handle.is_null() {
            // SAFETY: asks for the reason of the failure just seen.
            let reason = unsafe { bindings.FPDF_GetLastError() };
            return Err(match reason {
                ERROR_PASSWORD | ERROR_SECURITY => WorkerError::new(codes::ENCRYPTED, "the PDF needs a password"),
                _ => WorkerError::new(codes::DAMAGED, "the PDF cannot be read"),
            });
        }
        let mut info = Box::new(FormInfo { version: 2, nothing: [0; 1020] });
        // SAFETY: the document is open; the structure outlives the environment (see `drop`).
        let form = unsafe { bindings.FPDFDOC_InitFormFillEnvironment(handle, (&raw mut *info).cast()) };
        Ok(Document { bindings, handle: handle.cast(), form: form.cast(), _form_info: info })
    }

    /// Returns the number of pages.
    pub fn page_count(&self) -> u32 {
        // SAFETY: the document is open.
        unsafe { self.bindings.FPDF_GetPageCount(self.handle.cast()) }.max(0) as u32
    }

    /// Returns width and height of a page (from 0) in points, as shown, without loading it.
    pub fn page_size(&self, index: u32) -> Option<(f32, f32)> {
        let mut size = [0f32; 2];
        // SAFETY: the document is open; FS_SIZEF is two floats.
        let found = unsafe {
            self.bindings.FPDF_GetPageSizeByIndexF(self.handle.cast(), index as i32, size.as_mut_ptr().cast())
        };
        (found != 0 && size.iter().all(|side| side.is_finite() && *side > 0.0)).then_some((size[0], size[1]))
    }

    /// Loads a page (from 0).
    pub fn page(&self, index: u32) -> Option<Page<'_>> {
        // SAFETY: the document is open; pdfium checks the index.
        let handle = unsafe { self.bindings.FPDF_LoadPage(self.handle.cast(), index as i32) };
        if handle.is_null() {
            return None;
        }
        if !self.form.is_null() {
            // SAFETY: both handles are valid.
            unsafe { self.bindings.FORM_OnAfterLoadPage(handle, self.form.cast()) };
        }
        Some(Page { document: self, handle: handle.cast() })
    }

    /// Returns an entry of the document's information: `Title`, `Author`.
    pub fn information(&self, entry: &str) -> Option<String> {
        let mut buffer = vec![0u16; 1024];
        // SAFETY: the buffer has the length given, in bytes.
        let bytes =
            unsafe { self.bindings.FPDF_GetMetaText(self.handle.cast(), entry, buffer.as_mut_ptr().cast(), 2048) }
                as usize;
        let units = (bytes / 2).saturating_sub(1);
        let text = String::from_utf16_lossy(buffer.get(..units)?);
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        (!text.trim().is_empty()).then(|| text.trim().to_owned())
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        // SAFETY: pages borrow the document, so all of them are closed by now.
        unsafe {
            if !self.form.is_null() {
                self.bindings.FPDFDOC_ExitFormFillEnvironment(self.form.cast());
            }
            self.bindings.FPDF_CloseDocument(self.handle.cast());
        }
    }
}

/// A loaded page.
pub struct Page<'a> {
    document: &'a Document,
    handle: *mut c_void,
}

/// Pixels of a drawn page: three bytes each, rows without padding.
pub struct Pixels {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Red, green, blue.
    pub rgb: Vec<u8>,
}

impl Pixels {
    /// An empty sheet.
    pub fn white(width: u32, height: u32) -> Self {
        Pixels { width, height, rgb: vec![255; width as usize * height as usize * 3] }
    }
}

/// From the page's own coordinates to points from the top left of the page as shown.
#[derive(Debug, Clone, Copy)]
pub struct Placement {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    e: f64,
    f: f64,
}

impl Placement {
    /// Places a point.
    pub fn point(&self, x: f64, y: f64) -> (f64, f64) {
        (self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f)
    }
}

impl Page<'_> {
    /// Returns the raw functions and the handle.
    pub fn raw(&self) -> (Bindings, *mut c_void) {
        (self.document.bindings, self.handle)
    }

    /// Returns width and height in points, as shown.
    pub fn size(&self) -> (f32, f32) {
        // SAFETY: the page is loaded.
        unsafe {
            let bindings = self.document.bindings;
            (bindings.FPDF_GetPageWidthF(self.handle.cast()), bindings.FPDF_GetPageHeightF(self.handle.cast()))
        }
    }

    /// Draws the page with annotations and form fields on white.
    pub fn draw(&self, width: u32, height: u32) -> Result<Pixels, WorkerError> {
        let stride = (width as usize * 3).next_multiple_of(4);
        let mut buffer = vec![0xffu8; stride * height as usize];
        let bindings = self.document.bindings;
        let (w, h) = (width as i32, height as i32);
        // SAFETY: the bitmap uses the buffer, which has `height` rows of `stride` bytes and outlives it.
        unsafe {
            let bitmap = bindings.FPDFBitmap_CreateEx(w, h, FORMAT_RGB, buffer.as_mut_ptr().cast(), stride as i32);
            if bitmap.is_null() {
                return Err(WorkerError::new(codes::OUT_OF_MEMORY, "the page image cannot be made"));
            }
            bindings.FPDF_RenderPageBitmap(bitmap, self.handle.cast(), 0, 0, w, h, 0, RENDER_FLAGS);
            if !self.document.form.is_null() {
                bindings.FPDF_FFLDraw(
                    self.document.form.cast(),
                    bitmap,
                    self.handle.cast(),
                    0,
                    0,
                    w,
                    h,
                    0,
                    RENDER_FLAGS,
                );
            }
            bindings.FPDFBitmap_Destroy(bitmap);
        }
        let row = width as usize * 3;
        if stride != row {
            for y in 1..height as usize {
                buffer.copy_within(y * stride..y * stride + row, y * row);
            }
            buffer.truncate(row * height as usize);
        }
        Ok(Pixels { width, height, rgb: buffer })
    }

    /// Tells whether anything stands on the page: text, pictures, lines, notes, form fields.
    pub fn has_content(&self) -> bool {
        let bindings = self.document.bindings;
        // SAFETY: the page is loaded.
        unsafe {
            bindings.FPDFPage_CountObjects(self.handle.cast()) > 0
                || bindings.FPDFPage_GetAnnotCount(self.handle.cast()) > 0
        }
    }

    /// Returns how the page's coordinates lie on the page as shown: rotation and crop box applied.
    pub fn placement(&self) -> Placement {
        let (width, height) = self.size();
        // pdfium gives whole device units, so the device is made fine-grained.
        let fine = (1.0e8 / f64::from(width.max(height).max(1.0))).min(1000.0);
        let (w, h) = ((f64::from(width) * fine) as i32, (f64::from(height) * fine) as i32);
        let place = |x: f64, y: f64| {
            let (mut dx, mut dy) = (0, 0);
            // SAFETY: the page is loaded; the results are plain integers.
            unsafe {
                let bindings = self.document.bindings;
                bindings.FPDF_PageToDevice(self.handle.cast(), 0, 0, w, h, 0, x, y, &mut dx, &mut dy);
            }
            (f64::from(dx) / fine, f64::from(dy) / fine)
        };
        let (origin, right, up) = (place(0.0, 0.0), place(1000.0, 0.0), place(0.0, 1000.0));
        Placement {
            a: (right.0 - origin.0) / 1000.0,
            b: (right.1 - origin.1) / 1000.0,
            c: (up.0 - origin.0) / 1000.0,
            d: (up.1 - origin.1) / 1000.0,
            e: origin.0,
            f: origin.1,
        }
    }

    /// Leaves the pictures out of later drawings of this page, so that text on a photograph can be recognised.
    pub fn hide_images(&self) {
        const IMAGE: i32 = 3;
        let bindings = self.document.bindings;
        // SAFETY: the page is loaded; object handles belong to it.
        unsafe {
            for index in 0..bindings.FPDFPage_CountObjects(self.handle.cast()).min(20_000) {
                let object = bindings.FPDFPage_GetObject(self.handle.cast(), index);
                if !object.is_null() && bindings.FPDFPageObj_GetType(object) == IMAGE {
                    bindings.FPDFPageObj_SetIsActive(object, 0);
                }
            }
        }
    }

    /// Returns the share of the page that images cover, counting each image alone, at most 1.
    pub fn image_share(&self) -> f32 {
        const IMAGE: i32 = 3;
        const FORM: i32 = 5;
        let bindings = self.document.bindings;
        let (width, height) = self.size();
        let mut covered = 0.0;
        // SAFETY: the page is loaded; object handles belong to it.
        unsafe {
            let count = bindings.FPDFPage_CountObjects(self.handle.cast()).min(20_000);
            for index in 0..count {
                let object = bindings.FPDFPage_GetObject(self.handle.cast(), index);
                if object.is_null() || !matches!(bindings.FPDFPageObj_GetType(object), IMAGE | FORM) {
                    continue;
                }
                if bindings.FPDFPageObj_GetType(object) == FORM && bindings.FPDFFormObj_CountObjects(object) <= 0 {
                    continue;
                }
                let (mut left, mut bottom, mut right, mut top) = (0.0, 0.0, 0.0, 0.0);
                if bindings.FPDFPageObj_GetBounds(object, &mut left, &mut bottom, &mut right, &mut top) != 0 {
                    covered += ((right - left) * (top - bottom)).max(0.0);
                }
            }
        }
        (covered / (width * height).max(1.0)).clamp(0.0, 1.0)
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        // SAFETY: the page is loaded and closed only here.
        unsafe {
            let bindings = self.document.bindings;
            if !self.document.form.is_null() {
                bindings.FORM_OnBeforeClosePage(self.handle.cast(), self.document.form.cast());
            }
            bindings.FPDF_ClosePage(self.handle.cast());
        }
    }
}
