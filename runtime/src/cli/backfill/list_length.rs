//! How long a list of objects is.

use std::fs::File;
use std::io::{BufReader, Read};

use crate::cli::catch_up::objects::Origin;

/// How many lines the file of a list has. `None` if it is no file.
pub(super) fn count_lines(origin: &Origin) -> Option<u64> {
    let file = match origin {
        Origin::Keys(file) | Origin::Manifest(file) => file,
        _ => return None,
    };

    let metadata = std::fs::metadata(file).ok()?;
    if !metadata.is_file() {
        return None;
    }

    let mut input = BufReader::new(File::open(file).ok()?);
    let (mut lines, mut part, mut last) = (0, vec![0; 64 * 1024], b'\n');
    loop {
        let read = input.read(&mut part).ok()?;
        if read == 0 {
            break;
        }
        lines += part[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
        last = part[read - 1];
    }

    Some(lines + u64::from(last != b'\n'))
}
