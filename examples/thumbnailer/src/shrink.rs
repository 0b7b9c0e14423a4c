//! Makes a thumbnail of a photo.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

pub use image::ImageError;

/// The longer side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 128;

/// The longest side of a photo, in pixels. An image of a few bytes may have millions of pixels.
const LONGEST: u32 = 10_000;

/// The quality of a thumbnail, of 100.
const QUALITY: u8 = 80;

/// Makes a thumbnail, as a JPEG. It takes a while, so it must not run on a thread of the runtime.
///
/// # Errors
///
/// Returns an error if the bytes are not a JPEG, or have too many pixels. A retry does not help.
pub fn shrink(photo: &[u8]) -> Result<Vec<u8>, ImageError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST);
    limits.max_image_height = Some(LONGEST);
    let mut reader = ImageReader::new(Cursor::new(photo)).with_guessed_format()?;
    reader.limits(limits);

    // Cameras turn the image by a note beside the pixels, which the thumbnail does not keep.
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut thumbnail = DynamicImage::from_decoder(decoder)?.thumbnail(THUMBNAIL, THUMBNAIL);
    thumbnail.apply_orientation(orientation);

    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
    thumbnail.to_rgb8().write_with_encoder(encoder)?;
    Ok(bytes)
}
