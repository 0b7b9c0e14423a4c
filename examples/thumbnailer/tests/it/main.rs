//! Tests of the program: on a pipeline with faults, and as a function behind `local`.
#![allow(clippy::unwrap_used)]

mod chaos;
mod process;

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};

const BUCKET: &str = "amzn-s3-demo-bucket";

/// A photo that differs from those of other numbers, also as a thumbnail.
fn photo(number: u8) -> Vec<u8> {
    let image = RgbImage::from_fn(160, 120, |x, y| Rgb([number, x as u8, y as u8]));
    let mut bytes = Vec::new();
    image
        .write_with_encoder(JpegEncoder::new(&mut bytes))
        .unwrap();
    bytes
}
