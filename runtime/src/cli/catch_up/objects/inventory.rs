//! The objects in a report of S3 Inventory.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use aws_sdk_s3::Client;
use flate2::read::MultiGzDecoder;
use md5::{Digest, Md5};
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use super::error::OriginError;
use super::found::Found;
use super::keys::unreadable;
use super::position::Position;
use super::reading::{End, Reading};
use super::rows::{Column, Rows};

/// Reads the data files that a `manifest.json` names, in its order.
///
/// Each file is checked against its MD5 digest before anything of it is used. A file in S3 is
/// copied into a temporary file for that, which has no name and is gone when the program ends.
pub(in crate::cli) struct Inventory {
    client: Client,
    report: Report,
    location: Location,
    columns: Vec<Column>,
    /// The file that is read, and how.
    current: Option<Reading>,
    /// The number of the next file, and how many of its rows are settled.
    next: (usize, u64),
}

/// Where a manifest is.
#[derive(Debug, Clone)]
enum Location {
    /// This file.
    File(PathBuf),
    /// In S3, where its data files are in the destination bucket.
    S3,
}

/// A `manifest.json` ("Locating your inventory list", Amazon S3 User Guide, 2026).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    source_bucket: String,
    /// An ARN, or a name in old reports.
    destination_bucket: String,
    file_format: String,
    /// The names of the columns, with commas between.
    file_schema: String,
    files: Vec<DataFile>,
}

#[derive(Debug, Clone, Deserialize)]
struct DataFile {
    key: String,
    #[serde(rename = "MD5checksum")]
    md5: String,
}

impl Inventory {
    /// Reads a manifest: a path, or `s3://bucket/key`.
    pub(in crate::cli) async fn open(
        client: Client,
        manifest: &str,
        from: &Position,
    ) -> Result<Self, OriginError> {
        let (text, location) = match s3_url(manifest) {
            Some((bucket, key)) => {
                let mut file = download(&client, bucket, key).await?;
                let mut text = String::new();
                let read = file.read_to_string(&mut text);
                read.map_err(|error| unreadable(manifest, error))?;
                (text, Location::S3)
            }
            None => {
                let text = std::fs::read_to_string(manifest);
                let text = text.map_err(|error| unreadable(manifest, error))?;
                (text, Location::File(PathBuf::from(manifest)))
            }
        };

        let report: Report = serde_json::from_str(&text).map_err(|error| {
            let text = format!("`{manifest}` is not the `manifest.json` of an inventory");
            OriginError::new(text).with_source(error)
        })?;
        let columns = columns(&report, manifest)?;
        let next = match from {
            Position::Row { file, row } => (*file, *row),
            _ => (0, 0),
        };

        Ok(Self {
            client,
            report,
            location,
            columns,
            current: None,
            next,
        })
    }

    /// The bucket whose objects are in the report.
    pub(in crate::cli) fn bucket(&self) -> &str {
        &self.report.source_bucket
    }

    /// The next objects. Empty at the end.
    pub(in crate::cli) async fn next(&mut self) -> Result<Vec<Found>, OriginError> {
        loop {
            if let Some(current) = &mut self.current {
                let found = current.next().await?;
                if !found.is_empty() {
                    return Ok(found);
                }
            }

            let (number, settled) = self.next;
            let Some(file) = self.report.files.get(number).cloned() else {
                return Ok(Vec::new());
            };
            self.current = Some(self.read(file, number, settled).await?);
            self.next = (number + 1, 0);
        }
    }

    /// Begins to read a data file.
    async fn read(
        &self,
        file: DataFile,
        number: usize,
        settled: u64,
    ) -> Result<Reading, OriginError> {
        let (name, mut input) = self.open_file(&file.key).await?;
        let (bucket, columns) = (self.report.source_bucket.clone(), self.columns.clone());
        let started = name.clone();

        let reading = Reading::start(move |sink| {
            check(&mut input, &file.md5, &name)?;
            let rows = Rows {
                file: &name,
                columns: &columns,
                optional: 0,
                bucket: &bucket,
                settled,
            };
            let position = |row| Position::Row { file: number, row };
            rows.read(MultiGzDecoder::new(input), position, sink)
        });

        reading.map_err(|error| unreadable(&started, error))
    }

    /// Opens a data file, and returns its name in errors too.
    async fn open_file(&self, key: &str) -> Result<(String, File), OriginError> {
        match &self.location {
            Location::S3 => {
                let destination = &self.report.destination_bucket;
                let bucket = destination.rsplit(':').next().unwrap_or(destination);
                let file = download(&self.client, bucket, key).await?;
                Ok((format!("s3://{bucket}/{key}"), file))
            }
            Location::File(manifest) => {
                let candidates = candidates(manifest, key);
                let found = candidates.iter().find(|path| path.is_file());
                let path = found.ok_or_else(|| {
                    let tried: Vec<_> = candidates
                        .iter()
                        .map(|path| format!("`{}`", path.display()))
                        .collect();
                    let text = format!(
                        "the data file `{key}` of `{}` is missing: it is none of {}",
                        manifest.display(),
                        tried.join(", ")
                    );
                    OriginError::new(text)
                })?;

                let name = path.display().to_string();
                let file = File::open(path).map_err(|error| unreadable(&name, error))?;
                Ok((name, file))
            }
        }
    }
}

/// The bucket and the key of `s3://bucket/key`.
fn s3_url(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("s3://")?.split_once('/')
}

/// Where a data file may be beside a manifest that was copied: as `aws s3 sync` lays both, in the
/// folder of the manifest, or with its whole key below a folder around the manifest.
fn candidates(manifest: &Path, key: &str) -> Vec<PathBuf> {
    let folder = manifest.parent().unwrap_or(Path::new(""));
    let name = key.rsplit('/').next().unwrap_or(key);
    let above = folder.join("..").join("data").join(name);

    let mut candidates = vec![above, folder.join(name), folder.join("data").join(name)];
    candidates.extend(folder.ancestors().map(|folder| folder.join(key)));
    candidates
}

fn columns(report: &Report, manifest: &str) -> Result<Vec<Column>, OriginError> {
    if report.file_format != "CSV" {
        let text = format!(
            "the inventory `{manifest}` is in the format {}, and only CSV can be read: set the \
             output format of the inventory configuration to CSV (`\"Format\": \"CSV\"` in \
             `aws s3api put-bucket-inventory-configuration`), and take the next report",
            report.file_format
        );
        return Err(OriginError::new(text));
    }

    let names = report.file_schema.split(',').map(str::trim);
    let columns: Vec<_> = names.map(Column::named).collect();
    if !columns.contains(&Column::Key) {
        let text = format!("the `fileSchema` of `{manifest}` has no column `Key`");
        return Err(OriginError::new(text));
    }

    Ok(columns)
}

/// Compares a file with its digest, and returns to its beginning.
fn check(file: &mut File, md5: &str, name: &str) -> Result<(), End> {
    let mut digest = Md5::new();
    let mut part = vec![0; 64 * 1024];

    loop {
        let read = file
            .read(&mut part)
            .map_err(|error| unreadable(name, error))?;
        if read == 0 {
            break;
        }
        digest.update(&part[..read]);
    }

    let actual: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if !actual.eq_ignore_ascii_case(md5) {
        let text = format!("`{name}` is damaged: its MD5 digest is {actual}, and should be {md5}");
        return Err(OriginError::new(text).into());
    }

    file.rewind()
        .map_err(|error| unreadable(name, error).into())
}

/// Copies an object into a temporary file.
async fn download(client: &Client, bucket: &str, key: &str) -> Result<File, OriginError> {
    let failed = || OriginError::new(format!("`s3://{bucket}/{key}` cannot be read"));
    let request = client.get_object().bucket(bucket).key(key);
    let object = request
        .send()
        .await
        .map_err(|error| failed().with_source(error))?;

    let file = tempfile::tempfile().map_err(|error| failed().with_source(error))?;
    let mut copy = tokio::fs::File::from_std(file);
    let mut body = object.body;
    while let Some(part) = body.next().await {
        let part = part.map_err(|error| failed().with_source(error))?;
        let written = copy.write_all(&part).await;
        written.map_err(|error| failed().with_source(error))?;
    }
    copy.flush()
        .await
        .map_err(|error| failed().with_source(error))?;

    let mut file = copy.into_std().await;
    file.rewind().map_err(|error| failed().with_source(error))?;
    Ok(file)
}
