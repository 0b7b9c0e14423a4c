//! Photos, and the thumbnails that a function makes of them, beside a worker.

use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use s3_dispatch_local::{LocalPipeline, Topology};

use super::expected::{BUCKET, Expected, ExpectedEvent, compare, settle};
use super::table::Table;
use crate::project::{Project, Watched, first_build};
use crate::s3_client::S3Client;

const SUNSET: &[u8] = include_bytes!("photos/sunset.jpg");
const FOREST: &[u8] = include_bytes!("photos/forest.jpg");

/// The function. It takes photos, and writes a thumbnail of each.
const FUNCTION: &str = "thumbnailer";

/// The worker. It takes all uploads, thumbnails too.
const WORKER: &str = "put-processor";

/// How long an attempt takes at most. A failed message is delivered again after this time.
const RETRY: Duration = Duration::from_secs(4);

/// How often a message is received before it is a dead letter. The function runs once at a time, so
/// a message may come back because the function was busy, and then wait for its turn once more.
const RECEIVES: u32 = 5;

const PUT: &str = "ObjectCreated:Put";

/// In capitals, as cameras write it.
const FOREST_KEY: &str = "photos/forest.JPG";

const EVENTS: [ExpectedEvent; 5] = [
    (
        "photos/sunset.jpg",
        PUT,
        Expected::Handled(&[FUNCTION, WORKER]),
    ),
    (FOREST_KEY, PUT, Expected::Handled(&[FUNCTION, WORKER])),
    (
        "photos/broken.jpg",
        PUT,
        Expected::DeadLetter {
            of: FUNCTION,
            handled: &[WORKER],
        },
    ),
    (
        "thumbnails/photos/sunset.jpg",
        PUT,
        Expected::Handled(&[WORKER]),
    ),
    (
        FOREST_KEY,
        "ObjectRemoved:Delete",
        Expected::Handled(&[FUNCTION]),
    ),
];

/// Builds both programs in the checkout of the current folder. They need the AWS SDK and image
/// codecs, which takes some minutes for the first time.
pub(crate) async fn build() -> Result<(Topology, Project, Watched), Box<dyn Error>> {
    let project = Project::of_checkout(&[FUNCTION, WORKER], "put-processor/worker").await?;
    let (topology, watched) = first_build(&project, false).await?;

    Ok((topology, project, watched))
}

/// Makes one of the programs a worker. What fails again and again is a dead letter in the end.
pub(crate) fn adapt(topology: &mut Topology) {
    for function in &mut topology.functions {
        function.timeout = RETRY;
        // Its leases are in the memory of one process.
        function.reserved_concurrency = (function.name == FUNCTION).then_some(1);
        if function.name == WORKER {
            *function = function.clone().as_worker();
        }
    }

    for queue in &mut topology.queues {
        queue.visibility_timeout = RETRY;
        if let Some(redrive) = &mut queue.redrive {
            redrive.max_receive_count = RECEIVES;
        }
    }
}

/// Uploads photos and a file that is none, and removes a photo when its thumbnail is there. Writes
/// the thumbnails into a folder.
pub(crate) async fn run(
    address: SocketAddr,
    pipeline: &LocalPipeline,
) -> Result<Table, Box<dyn Error>> {
    let client = S3Client::new(address, BUCKET);
    client.put(EVENTS[0].0, SUNSET).await?;
    client.put(EVENTS[1].0, FOREST).await?;
    client.put(EVENTS[2].0, "this is no photo").await?;
    settle(pipeline).await?;

    let folder = std::env::temp_dir().join(format!("s3-dispatch-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let mut notes = Vec::new();
    for (photo, bytes) in [("sunset.jpg", SUNSET), ("forest.JPG", FOREST)] {
        notes.push(keep(pipeline, photo, bytes, &folder).await?);
    }

    // Its thumbnail goes with it.
    client.delete(FOREST_KEY).await?;
    settle(pipeline).await?;
    let left = pipeline.objects(BUCKET)?;
    let left = left
        .iter()
        .filter(|object| object.key.starts_with("thumbnails/"));
    let left: Vec<_> = left.map(|object| object.key.as_str()).collect();
    notes.push(format!(
        "{FOREST_KEY} was deleted; the bucket has {}",
        left.join(", ")
    ));

    let is_removed = left == ["thumbnails/photos/sunset.jpg"];
    let table = compare(&pipeline.report(), &EVENTS);
    Ok(table.with_note(notes.join("\n"), is_removed))
}

/// Writes the thumbnail of a photo into a folder, and describes it.
async fn keep(
    pipeline: &LocalPipeline,
    photo: &str,
    original: &[u8],
    folder: &Path,
) -> Result<String, Box<dyn Error>> {
    let key = format!("thumbnails/photos/{photo}");
    let thumbnail = pipeline.get_object(BUCKET, &key).await?;
    let thumbnail = thumbnail.ok_or_else(|| format!("there is no thumbnail `{key}`"))?;
    let file = folder.join(photo);
    fs::write(&file, &thumbnail)?;

    Ok(format!(
        "photos/{photo} is {}, its thumbnail {}: {}",
        describe(original),
        describe(&thumbnail),
        file.display()
    ))
}

/// `640 x 480 pixels in 15841 bytes`.
fn describe(jpeg: &[u8]) -> String {
    let (width, height) = size(jpeg).unwrap_or_default();
    format!("{width} x {height} pixels in {} bytes", jpeg.len())
}

/// Width and height of a JPEG: they are in the segment that starts the frame.
fn size(jpeg: &[u8]) -> Option<(u16, u16)> {
    let mut segments = jpeg.strip_prefix(&[0xff, 0xd8])?;

    loop {
        let [0xff, marker, high, low, ..] = *segments else {
            return None;
        };
        if matches!(marker, 0xc0..=0xc2) {
            let [_, _, _, _, _, y1, y2, x1, x2, ..] = *segments else {
                return None;
            };
            return Some((u16::from_be_bytes([x1, x2]), u16::from_be_bytes([y1, y2])));
        }

        let length = usize::from(u16::from_be_bytes([high, low]));
        segments = segments.get(2 + length..)?;
    }
}
