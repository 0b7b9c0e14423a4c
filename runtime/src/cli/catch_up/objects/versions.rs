//! The versions and delete markers of a bucket, as `ListObjectVersions` lists them.

use std::collections::VecDeque;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::EncodingType;

use super::error::OriginError;
use super::found::{Found, decoded};
use super::listing::Scope;
use super::position::Position;

/// Lists all versions: key by key, and those of a key from the oldest to the newest.
///
/// S3 lists the newest first. So the versions of one key are held in memory until the listing is
/// past the key. Versions and delete markers of the same second stand in the order in which S3
/// lists each kind, and a marker that is not the newest stands before the versions.
pub(in crate::cli) struct VersionListing {
    client: Client,
    scope: Scope,
    /// The markers of the next page. `None` after the last one.
    markers: Option<Markers>,
    /// What was listed of the key that the listing may not be past.
    held: Vec<Found>,
    /// The last key whose versions are all listed.
    after: Option<String>,
    /// The versions of this key up to this one are settled.
    settled: Option<(String, String)>,
}

/// Where a page begins. Both `None` at the beginning.
#[derive(Debug, Clone, Default)]
struct Markers {
    key: Option<String>,
    version_id: Option<String>,
}

impl VersionListing {
    /// Begins to list behind a position.
    pub(in crate::cli) fn new(client: Client, scope: Scope, from: &Position) -> Self {
        let (after, settled) = match from {
            Position::Version {
                after,
                key,
                through,
            } => (after.clone(), Some((key.clone(), through.clone()))),
            Position::After(key) => (Some(key.clone()), None),
            _ => (None, None),
        };

        let markers = Markers {
            key: after.clone(),
            version_id: None,
        };
        Self {
            client,
            scope,
            markers: Some(markers),
            held: Vec::new(),
            after,
            settled,
        }
    }

    /// The next versions. Empty at the end.
    pub(in crate::cli) async fn next(&mut self) -> Result<Vec<Found>, OriginError> {
        loop {
            let Some(markers) = self.markers.take() else {
                return Ok(Vec::new());
            };

            let page = self.page(&markers).await?;
            let is_encoded = page.encoding_type == Some(EncodingType::Url);
            let decode = |marker: Option<String>| marker.map(|text| key(text, is_encoded));
            if page.is_truncated == Some(true) {
                self.markers = Some(Markers {
                    key: decode(page.next_key_marker.clone()),
                    version_id: page.next_version_id_marker.clone(),
                });
            }

            let held = std::mem::take(&mut self.held);
            let mut listed = held.into_iter().chain(merged(page, is_encoded));
            let found = self.ordered(&mut listed);
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }

    async fn page(&self, markers: &Markers) -> Result<ListObjectVersionsOutput, OriginError> {
        let request = self
            .client
            .list_object_versions()
            .bucket(&self.scope.bucket)
            .set_prefix(self.scope.prefix.clone())
            .set_key_marker(markers.key.clone())
            .set_version_id_marker(markers.version_id.clone())
            .encoding_type(EncodingType::Url);

        request.send().await.map_err(|error| {
            let position = markers.key.clone().map_or(Position::Start, Position::After);
            let bucket = &self.scope.bucket;
            let text = format!("the versions in `{bucket}` could not be listed {position}");
            OriginError::new(text).with_source(error)
        })
    }

    /// Orders what is listed key by key, and holds what belongs to a key that is not complete.
    fn ordered(&mut self, listed: &mut dyn Iterator<Item = Found>) -> Vec<Found> {
        let mut found = Vec::new();
        let mut versions: Vec<Found> = Vec::new();

        for version in listed {
            if versions
                .first()
                .is_some_and(|first| first.key != version.key)
            {
                self.complete(std::mem::take(&mut versions), &mut found);
            }
            versions.push(version);
        }

        let is_open = self.markers.as_ref().is_some_and(|markers| {
            let key = versions.first().map(|first| &first.key);
            markers.key.as_ref() == key && markers.version_id.is_some()
        });
        if is_open {
            self.held = versions;
        } else {
            self.complete(versions, &mut found);
        }

        found
    }

    /// Adds all versions of a key, the oldest first, without those that are settled.
    fn complete(&mut self, mut versions: Vec<Found>, found: &mut Vec<Found>) {
        let Some(key) = versions.first().map(|first| first.key.clone()) else {
            return;
        };

        versions.reverse();
        versions.sort_by_key(|version| {
            let time = version
                .last_modified
                .map(|time| (time.secs(), time.subsec_nanos()));
            (version.is_latest, time)
        });

        let settled = self.settled.take_if(|(settled, _)| *settled == key);
        // A version that was deleted since cannot tell which others are settled.
        let through = settled.and_then(|(_, through)| {
            versions
                .iter()
                .position(|version| is_version(version, &through))
        });
        versions.drain(..through.map_or(0, |index| index + 1));

        let last = versions.len().saturating_sub(1);
        for (index, version) in versions.iter_mut().enumerate() {
            version.position = if index == last {
                Position::After(key.clone())
            } else {
                Position::Version {
                    after: self.after.clone(),
                    key: key.clone(),
                    through: version.version_id.clone().unwrap_or_default(),
                }
            };
        }

        found.append(&mut versions);
        self.after = Some(key);
    }
}

fn is_version(version: &Found, id: &str) -> bool {
    version.version_id.as_deref().unwrap_or_default() == id
}

/// The versions and the delete markers of a page in the order of their keys.
fn merged(page: ListObjectVersionsOutput, is_encoded: bool) -> Vec<Found> {
    let versions = page.versions.unwrap_or_default().into_iter();
    let versions = versions.filter_map(|version| {
        let mut found = Found {
            size: version.size.and_then(|size| size.try_into().ok()),
            e_tag: version.e_tag.map(|tag| tag.trim_matches('"').to_owned()),
            last_modified: version.last_modified,
            is_latest: version.is_latest.unwrap_or_default(),
            ..Found::of_key(key(version.key?, is_encoded), Position::Start)
        };
        found.set_version_id(version.version_id.as_deref());
        Some(found)
    });

    let markers = page.delete_markers.unwrap_or_default().into_iter();
    let markers = markers.filter_map(|marker| {
        let mut found = Found {
            e_tag: Some(E_TAG_OF_NOTHING.to_owned()),
            last_modified: marker.last_modified,
            is_latest: marker.is_latest.unwrap_or_default(),
            is_delete_marker: true,
            ..Found::of_key(key(marker.key?, is_encoded), Position::Start)
        };
        found.set_version_id(marker.version_id.as_deref());
        Some(found)
    });

    // Both are in the order of their keys. What is equal keeps its order, versions first.
    let (mut versions, mut markers): (VecDeque<_>, VecDeque<_>) =
        (versions.collect(), markers.collect());
    let mut merged = Vec::with_capacity(versions.len() + markers.len());
    loop {
        let next = match (versions.front(), markers.front()) {
            (Some(version), Some(marker)) if version.key <= marker.key => versions.pop_front(),
            (_, Some(_)) => markers.pop_front(),
            (Some(_), None) => versions.pop_front(),
            (None, None) => return merged,
        };
        merged.extend(next);
    }
}

fn key(text: String, is_encoded: bool) -> String {
    if is_encoded { decoded(&text) } else { text }
}

/// What S3 sends as the ETag of a delete marker: that of an empty object.
const E_TAG_OF_NOTHING: &str = "d41d8cd98f00b204e9800998ecf8427e";
