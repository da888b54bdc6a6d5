//! How does an uploaded image become a page?
//!
//! Its size is read before its pixels: a file of 400 kB can claim 2.5 gigapixels. Then it is decoded once, turned as its
//! camera says, and placed on a PDF page of its own, so that viewing, text recognition and search treat it like any scan.

use std::{ffi::c_void, fs::File, io::BufReader, io::Write, path::Path};

use ::image::{
    DynamicImage, GenericImageView, ImageDecoder, ImageError, ImageReader, Limits as DecodeLimits, imageops::FilterType,
};

use super::{
    child::Child,
    limits::Limits,
    pdf::Library,
    task::{WorkerError, codes},
};

/// Points per pixel: 96 pixels per inch.
const POINTS_PER_PIXEL: f64 = 0.75;
/// Pixels kept in the page; larger photographs are reduced.
const KEPT_PIXELS: f64 = 40_000_000.0;
const MAX_POINTS: f64 = 14_400.0;

/// Returns whether such images can be decoded.
pub fn is_image(media_type: &str) -> bool {
    matches!(
        media_type,
        "image/png" | "image/jpeg" | "image/gif" | "image/bmp" | "image/x-ms-bmp" | "image/tiff" | "image/webp"
    )
}

/// Makes `rendition.pdf` in the child's `out` folder of an image.
pub fn to_pdf(child: &mut Child, input: &Path, media_type: &str) -> Result<std::path::PathBuf, WorkerError> {
    let image = shrink(decode(input, media_type, &child.limits)?);
    let result = child.out().join("rendition.pdf");
    write_pdf(child.library()?, &[image], &result)?;
    Ok(result)
}

fn decode(input: &Path, media_type: &str, limits: &Limits) -> Result<DynamicImage, WorkerError> {
    let broken = |error: ImageError| match error {
        ImageError::Limits(_) => too_large(limits),
        error => WorkerError::new(codes::DAMAGED, format!("the image cannot be read: {error}")),
    };
    let file = File::open(input).map_err(|error| WorkerError::unavailable("opening the image", error))?;
    let mut reader = ImageReader::new(BufReader::new(file));
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

/// Writes a PDF with one page for each image.
fn write_pdf(library: &Library, images: &[DynamicImage], path: &Path) -> Result<(), WorkerError> {
    const BGR: i32 = 2;
    let failed = || WorkerError::new(codes::CONVERSION_FAILED, "no page could be made of this image");
    let bindings = library.bindings();
    // SAFETY: every handle is checked, belongs to the new document, and the document is closed at the end; the bitmap's
    // buffer outlives the bitmap, and pdfium copies it into the image object.
    unsafe {
        let document = bindings.FPDF_CreateNewDocument();
        if document.is_null() {
            return Err(failed());
        }
        for (index, image) in images.iter().enumerate() {
            let (width, height) = image.dimensions();
            let scale = POINTS_PER_PIXEL.min(MAX_POINTS / f64::from(width.max(height)));
            let (wide, high) = (f64::from(width) * scale, f64::from(height) * scale);
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
            let page = bindings.FPDFPage_New(document, index as i32, wide, high);
            let object = bindings.FPDFPageObj_NewImageObj(document);
            let bitmap = bindings.FPDFBitmap_CreateEx(
                width as i32,
                height as i32,
                BGR,
                pixels.as_mut_ptr().cast(),
                aligned as i32,
            );
            if page.is_null() || object.is_null() || bitmap.is_null() {
                return Err(failed());
            }
            bindings.FPDFImageObj_SetBitmap(std::ptr::null_mut(), 0, object, bitmap);
            bindings.FPDFPageObj_Transform(object, wide, 0.0, 0.0, high, 0.0, 0.0);
            bindings.FPDFPage_InsertObject(page, object);
            bindings.FPDFPage_GenerateContent(page);
            bindings.FPDFBitmap_Destroy(bitmap);
            bindings.FPDF_ClosePage(page);
        }
        let mut sink = Sink { version: 1, write: write_block, file: File::create(path).ok() };
        let saved = bindings.FPDF_SaveAsCopy(document, (&raw mut sink).cast(), 0);
        bindings.FPDF_CloseDocument(document);
        if saved == 0 || sink.file.is_none_or(|mut file| file.flush().is_err()) {
            return Err(failed());
        }
    }
    Ok(())
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
