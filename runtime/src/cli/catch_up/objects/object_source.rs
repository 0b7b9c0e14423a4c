//! One of the sources of objects.

use aws_sdk_s3::Client;

use super::error::OriginError;
use super::found::Found;
use super::inventory::Inventory;
use super::keys::KeyFile;
use super::listing::{Listing, Scope};
use super::manifest::JobManifest;
use super::position::Position;
use super::versions::VersionListing;

/// Where objects come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Origin {
    /// The bucket is listed.
    Listing,
    /// The bucket is listed with all versions and delete markers.
    Versions,
    /// The `manifest.json` of an inventory: a path, or `s3://bucket/key`.
    Inventory(String),
    /// A file with a key on each line, or `-`.
    Keys(String),
    /// A file with rows of `bucket,key[,version]`, or `-`.
    Manifest(String),
}

/// A source that is being read.
pub(in crate::cli) enum ObjectSource {
    Listing(Listing),
    Versions(VersionListing),
    Inventory(Box<Inventory>),
    Keys(KeyFile),
    Manifest(JobManifest),
}

impl ObjectSource {
    /// Opens a source behind a position.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, is not what it should be, or is about another bucket.
    pub(in crate::cli) async fn open(
        origin: &Origin,
        client: Client,
        scope: Scope,
        from: &Position,
    ) -> Result<Self, OriginError> {
        Ok(match origin {
            Origin::Listing => Self::Listing(Listing::new(client, scope, from)),
            Origin::Versions => Self::Versions(VersionListing::new(client, scope, from)),
            Origin::Inventory(manifest) => {
                let inventory = Inventory::open(client, manifest, from).await?;
                if inventory.bucket() != scope.bucket {
                    let (is, bucket) = (inventory.bucket(), &scope.bucket);
                    let text = format!("`{manifest}` is about the bucket `{is}`, not `{bucket}`");
                    return Err(OriginError::new(text));
                }
                Self::Inventory(Box::new(inventory))
            }
            Origin::Keys(file) => Self::Keys(KeyFile::open(file, from)?),
            Origin::Manifest(file) => Self::Manifest(JobManifest::open(file, &scope.bucket, from)?),
        })
    }

    /// The next objects. Empty at the end.
    ///
    /// # Errors
    ///
    /// If a request fails for good, or a file is damaged. The error says where. What came before it
    /// is right.
    pub(in crate::cli) async fn next(&mut self) -> Result<Vec<Found>, OriginError> {
        match self {
            Self::Listing(listing) => listing.next().await,
            Self::Versions(versions) => versions.next().await,
            Self::Inventory(inventory) => inventory.next().await,
            Self::Keys(keys) => keys.next().await,
            Self::Manifest(manifest) => manifest.next().await,
        }
    }
}
