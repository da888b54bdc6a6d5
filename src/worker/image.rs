//! How does an uploaded image become a page?
//!
//! Its size is read before its pixels: a file of 400 kB can claim 2.5 gigapixels. Then it is decoded once, turned as its
//! camera says, and placed on a PDF page of its own, so that viewing, text recognition and search treat it like any scan.

use std::{
    ffi::c_void,
    fs::{self, File},
    io::{BufRead, BufReader, Cursor, Seek},
    path::{Path, PathBuf},
};

use ::image::{
    DynamicImage, ExtendedColorType, GenericImageView, ImageDecoder, ImageEncoder, ImageError, ImageReader,
    Limits as DecodeLimits, codecs::jpeg::JpegEncoder, imageops::FilterType,
};
use pdfium_render::prelude::{FPDF_FILEACCESS, FPDF_PAGE, PdfiumLibraryBindings};

use super::{
    child::Child,
    limits::Limits,
    pdf::{self, Library},
    task::{Warning, WorkerError, codes},
    tiff_pages::TiffPages,
};

/// Points per pixel: 96 pixels per inch.
const POINTS_PER_PIXEL: f64 = 0.75;
/// Pixels kept in the page; larger photographs are reduced.
const KEPT_PIXELS: f64 = 40_000_000.0;
const MAX_POINTS: f64 = 14_400.0;
/// Of pages out of one file with many.
const JPEG_QUALITY: u8 = 88;

/// Returns whether such images can be decoded.
pub fn is_image(media_type: &str) -> bool {
    matches!(
        media_type,
        "image/png" | "image/jpeg" | "image/gif" | "image/bmp" | "image/x-ms-bmp" | "image/tiff" | "image/webp"
    )
}

/// Makes `rendition.pdf` in the child's `out` folder of an image, with a page for each picture in it.
pub fn to_pdf(
    child: &mut Child,
    input: &Path,
    media_type: &str,
    warnings: &mut Vec<Warning>,
) -> Result<PathBuf, WorkerError> {
    let failed = |error| WorkerError::unavailable("opening the image", error);
    let result = child.out().join("rendition.pdf");
    let limits = child.limits.clone();
    let size = fs::metadata(input).map_err(failed)?.len();
    if media_type == "image/tiff" && size <= limits.memory_bytes / 4 {
        let bytes = fs::read(input).map_err(failed)?;
        if let Some(pages) = TiffPages::find(&bytes).filter(|pages| pages.count() > 1) {
            write_pages(child.library()?, bytes, &pages, &limits, &result, warnings)?;
            return Ok(result);
        }
    }
    let file = File::open(input).map_err(failed)?;
    let image = shrink(decode(BufReader::new(file), media_type, &limits)?);
    let mut pdf = NewPdf::start(child.library()?)?;
    pdf.add(&image)?;
    pdf.save(&result)?;
    Ok(result)
}

/// Writes the pages of a TIFF file, one after another.
fn write_pages(
    library: &Library,
    mut bytes: Vec<u8>,
    pages: &TiffPages,
    limits: &Limits,
    result: &Path,
    warnings: &mut Vec<Warning>,
) -> Result<(), WorkerError> {
    let mut pdf = NewPdf::start(library)?;
    let mut first_error = None;
    for index in 0..pages.count().min(limits.pages) {
        pages.show(&mut bytes, index);
        match decode(Cursor::new(&bytes), "image/tiff", limits) {
            Ok(image) => pdf.add_compressed(&shrink(image))?,
            Err(error) => drop(first_error.get_or_insert(error)),
        }
    }
    match (pdf.pages, first_error) {
        (0, Some(error)) => return Err(error),
        (_, Some(error)) => {
            let text = format!("{} of {} pages could be read: {error}", pdf.pages, pages.count());
            warnings.push(Warning::new("pages_left_out", text));
        }
        _ => {}
    }
    pdf.save(result)
}

fn decode(source: impl BufRead + Seek, media_type: &str, limits: &Limits) -> Result<DynamicImage, WorkerError> {
    let broken = |error: ImageError| match error {
        ImageError::Limits(_) => too_large(limits),
        error => WorkerError::new(codes::DAMAGED, format!("the image cannot be read: {error}")),
    };
    let mut reader = ImageReader::new(source);
    let format = match media_type {
        "image/x-ms-bmp" => Some(::image::ImageFormat::Bmp),
        other => ::image::ImageFormat::from_mime_type(other),
    };
    reader.set_format(format.ok_or_else(|| WorkerError::new(codes::UNSUPPORTED, "this kind of image is not read"))?);
    let mut decode_limits = DecodeLimits::default();
    decode_limits.max_alloc = Some(limits.memory_bytes / 2);
    reader.limits(decode_limits);
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits.image_pixels || decoder.total_bytes() > limits.memory_bytes / 2 {
        return Err(too_large(limits));
    }
    let orientation = decoder.orientation().unwrap_or(::image::metadata::Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(broken)?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn too_large(limits: &Limits) -> WorkerError {
    let text = format!("the image has more than {} megapixels", limits.image_pixels / 1_000_000);
    WorkerError::new(codes::IMAGE_TOO_LARGE, text)
}

fn shrink(image: DynamicImage) -> DynamicImage {
    let (width, height) = image.dimensions();
    let scale = (KEPT_PIXELS / (f64::from(width) * f64::from(height))).sqrt();
    if scale >= 1.0 {
        return image;
    }
    let side = |pixels: u32| ((f64::from(pixels) * scale) as u32).max(1);
    image.resize_exact(side(width), side(height), FilterType::Triangle)
}

/// Lays an image over white and returns blue, green, red.
fn flatten(image: &DynamicImage) -> Vec<u8> {
    let rgba = image.to_rgba8();
    let mut bytes = Vec::with_capacity(rgba.len() / 4 * 3);
    for pixel in rgba.pixels() {
        let [red, green, blue, alpha] = pixel.0.map(u32::from);
        let over = |channel: u32| ((channel * alpha + 255 * (255 - alpha)) / 255) as u8;
        bytes.extend([over(blue), over(green), over(red)]);
    }
    bytes
}

/// A PDF in the making.
struct NewPdf {
    bindings: &'static dyn PdfiumLibraryBindings,
    handle: *mut c_void,
    pages: usize,
}

impl NewPdf {
    fn start(library: &Library) -> Result<Self, WorkerError> {
        let bindings = library.bindings();
        // SAFETY: the library is initialised; the handle is checked.
        let handle: *mut c_void = unsafe { bindings.FPDF_CreateNewDocument() }.cast();
        if handle.is_null() { Err(failed()) } else { Ok(NewPdf { bindings, handle, pages: 0 }) }
    }

    /// Adds a page with every pixel of the image.
    fn add(&mut self, image: &DynamicImage) -> Result<(), WorkerError> {
        const BGR: i32 = 2;
        let (width, height) = image.dimensions();
        let mut pixels = flatten(image);
        let stride = width as usize * 3;
        // Rows of the bitmap are four-byte aligned.
        let aligned = stride.next_multiple_of(4);
        if aligned != stride {
            let rows = pixels
                .chunks_exact(stride)
                .flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(0, aligned - stride)));
            pixels = rows.collect();
        }
        let bindings = self.bindings;
        self.add_page(width, height, |_, object| {
            // SAFETY: the bitmap's buffer outlives the bitmap, and pdfium copies it into the image object.
            unsafe {
                let (wide, high) = (width as i32, height as i32);
                let bitmap = bindings.FPDFBitmap_CreateEx(wide, high, BGR, pixels.as_mut_ptr().cast(), aligned as i32);
                if bitmap.is_null() {
                    return false;
                }
                let set = bindings.FPDFImageObj_SetBitmap(std::ptr::null_mut(), 0, object.cast(), bitmap);
                bindings.FPDFBitmap_Destroy(bitmap);
                set != 0
            }
        })
    }

    /// Adds a page with the image as JPEG: a hundred pages of pixels would not fit into memory.
    fn add_compressed(&mut self, image: &DynamicImage) -> Result<(), WorkerError> {
        let (width, height) = image.dimensions();
        let mut jpeg = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY);
        let encoded = if image.color().has_color() || image.color().has_alpha() {
            let mut rgb = flatten(image);
            rgb.chunks_exact_mut(3).for_each(|pixel| pixel.swap(0, 2));
            encoder.write_image(&rgb, width, height, ExtendedColorType::Rgb8)
        } else {
            encoder.write_image(image.to_luma8().as_raw(), width, height, ExtendedColorType::L8)
        };
        encoded.map_err(|_| failed())?;
        let bindings = self.bindings;
        self.add_page(width, height, |page, object| {
            let mut access = FPDF_FILEACCESS {
                m_FileLen: jpeg.len() as std::ffi::c_ulong,
                m_GetBlock: Some(read_block),
                m_Param: (&raw const jpeg).cast_mut().cast(),
            };
            let mut page: FPDF_PAGE = page.cast();
            // SAFETY: the JPEG outlives the call, which copies it.
            unsafe { bindings.FPDFImageObj_LoadJpegFileInline(&mut page, 1, object.cast(), &mut access) != 0 }
        })
    }

    /// Adds a page that an image fills; `fill` is given the handles of the page and of the image.
    fn add_page(
        &mut self,
        width: u32,
        height: u32,
        fill: impl FnOnce(*mut c_void, *mut c_void) -> bool,
    ) -> Result<(), WorkerError> {
        let scale = POINTS_PER_PIXEL.min(MAX_POINTS / f64::from(width.max(height)));
        let (wide, high) = (f64::from(width) * scale, f64::from(height) * scale);
        let bindings = self.bindings;
        // SAFETY: the handles are checked and belong to the document, which is open.
        unsafe {
            let page = bindings.FPDFPage_New(self.handle.cast(), self.pages as i32, wide, high);
            let object = bindings.FPDFPageObj_NewImageObj(self.handle.cast());
            if page.is_null() || object.is_null() || !fill(page.cast(), object.cast()) {
                return Err(failed());
            }
            bindings.FPDFPageObj_Transform(object, wide, 0.0, 0.0, high, 0.0, 0.0);
            bindings.FPDFPage_InsertObject(page, object);
            bindings.FPDFPage_GenerateContent(page);
            bindings.FPDF_ClosePage(page);
        }
        self.pages += 1;
        Ok(())
    }

    fn save(&self, path: &Path) -> Result<(), WorkerError> {
        // SAFETY: the document is open.
        if unsafe { pdf::save(self.bindings, self.handle, path, 0) } { Ok(()) } else { Err(failed()) }
    }
}

impl Drop for NewPdf {
    fn drop(&mut self) {
        // SAFETY: the document is open and closed only here.
        unsafe { self.bindings.FPDF_CloseDocument(self.handle.cast()) };
    }
}

fn failed() -> WorkerError {
    WorkerError::new(codes::CONVERSION_FAILED, "no page could be made of this image")
}

/// Hands pdfium a part of a JPEG.
unsafe extern "C" fn read_block(
    param: *mut c_void,
    position: std::ffi::c_ulong,
    buffer: *mut u8,
    size: std::ffi::c_ulong,
) -> i32 {
    // SAFETY: pdfium passes back the parameter it was given, and a buffer of this size.
    let (jpeg, buffer) = unsafe { (&*param.cast::<Vec<u8>>(), std::slice::from_raw_parts_mut(buffer, size as usize)) };
    let start = position as usize;
    match start.checked_add(buffer.len()).and_then(|end| jpeg.get(start..end)) {
        Some(part) => {
            buffer.copy_from_slice(part);
            1
        }
        None => 0,
    }
}
