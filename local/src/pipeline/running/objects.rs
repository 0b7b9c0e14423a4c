//! What a test does with the objects of a running pipeline.

use bytes::Bytes;

use super::local_pipeline::LocalPipeline;
use crate::Error;
use crate::s3::{EventId, ObjectSnapshot, StoreError};

/// Objects. They are the same ones that clients of an [`S3Endpoint`](crate::S3Endpoint) see, and
/// reading them causes no event.
impl LocalPipeline {
    /// Puts an object into a bucket.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::S3`](crate::ErrorKind::S3) when S3 rejects the object: the bucket does not
    /// exist, for example. Otherwise as for [`publish`](Self::publish).
    pub async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: impl Into<Bytes>,
    ) -> Result<EventId, Error> {
        let events = self.buckets().put(bucket, key, body.into()).await;
        Ok(only_event(&events.map_err(StoreError::into_error)?))
    }

    /// Copies an object. Both arguments are a bucket and a key.
    ///
    /// # Errors
    ///
    /// As for [`put`](Self::put), and when the object does not exist.
    pub async fn copy(&self, from: (&str, &str), to: (&str, &str)) -> Result<EventId, Error> {
        let events = self.buckets().copy(from, to).await;
        Ok(only_event(&events.map_err(StoreError::into_error)?))
    }

    /// Deletes an object. In a bucket with versioning, this adds a delete marker. `None` when the
    /// object did not exist, because then there is no event.
    ///
    /// # Errors
    ///
    /// As for [`put`](Self::put).
    pub async fn delete(&self, bucket: &str, key: &str) -> Result<Option<EventId>, Error> {
        let events = self.buckets().delete(bucket, key, None).await;
        Ok(events.map_err(StoreError::into_error)?.first().copied())
    }

    /// Removes a version of an object, or a delete marker, for good. `None` when there is no such
    /// version, because then there is no event.
    ///
    /// # Errors
    ///
    /// As for [`put`](Self::put), and when the id cannot be one of a version.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// # let topology = Topology::new().with_bucket(BucketSpec::new("photos"));
    /// # let pipeline = LocalPipeline::builder().with_topology(topology).start().await?;
    /// pipeline.enable_versioning("photos").await?;
    /// pipeline.put("photos", "1.jpg", "an image").await?;
    /// pipeline.delete("photos", "1.jpg").await?;
    ///
    /// // Without the delete marker, the object is back.
    /// let marker = pipeline.versions("photos", "1.jpg")?.remove(0);
    /// assert!(marker.is_delete_marker);
    /// let id = marker.version_id.expect("the bucket has versioning");
    /// pipeline.delete_version("photos", "1.jpg", &id).await?;
    /// assert_eq!(pipeline.get_object("photos", "1.jpg").await?, Some("an image".into()));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete_version(
        &self,
        bucket: &str,
        key: &str,
        version_id: &str,
    ) -> Result<Option<EventId>, Error> {
        let events = self.buckets().delete(bucket, key, Some(version_id)).await;
        Ok(events.map_err(StoreError::into_error)?.first().copied())
    }

    /// Enables versioning for a bucket, which has none at the start. A put then adds a version, and
    /// a deletion adds a delete marker.
    ///
    /// # Errors
    ///
    /// As for [`put`](Self::put).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// # let topology = Topology::new().with_bucket(BucketSpec::new("photos"));
    /// # let pipeline = LocalPipeline::builder().with_topology(topology).start().await?;
    /// pipeline.enable_versioning("photos").await?;
    /// pipeline.put("photos", "1.jpg", "an image").await?;
    /// pipeline.put("photos", "1.jpg", "a better image").await?;
    /// assert_eq!(pipeline.versions("photos", "1.jpg")?.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn enable_versioning(&self, bucket: &str) -> Result<(), Error> {
        let enabled = self.buckets().enable_versioning(bucket).await;
        enabled.map_err(StoreError::into_error)
    }

    /// The bytes of the object that is at this key now. `None` if there is none.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::S3`](crate::ErrorKind::S3) when the bucket does not exist.
    /// - [`ErrorKind::Storage`](crate::ErrorKind::Storage) when the bytes cannot be read from disk.
    ///   A retry may help.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// # let topology = Topology::new().with_bucket(BucketSpec::new("photos"));
    /// # let pipeline = LocalPipeline::builder().with_topology(topology).start().await?;
    /// pipeline.put("photos", "1.jpg", "an image").await?;
    /// assert_eq!(pipeline.get_object("photos", "1.jpg").await?, Some("an image".into()));
    /// assert_eq!(pipeline.get_object("photos", "2.jpg").await?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_object(&self, bucket: &str, key: &str) -> Result<Option<Bytes>, Error> {
        self.buckets().read_whole(bucket, key, None).await
    }

    /// The bytes of a version of an object. `None` if there is no such version, or if it is a
    /// delete marker.
    ///
    /// # Errors
    ///
    /// As for [`get_object`](Self::get_object), and [`ErrorKind::S3`](crate::ErrorKind::S3) when
    /// the id cannot be one of a version.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// # let topology = Topology::new().with_bucket(BucketSpec::new("photos"));
    /// # let pipeline = LocalPipeline::builder().with_topology(topology).start().await?;
    /// pipeline.enable_versioning("photos").await?;
    /// pipeline.put("photos", "1.jpg", "an image").await?;
    /// pipeline.put("photos", "1.jpg", "a better image").await?;
    ///
    /// let oldest = pipeline.versions("photos", "1.jpg")?.remove(1);
    /// let id = oldest.version_id.expect("the bucket has versioning");
    /// let bytes = pipeline.get_object_version("photos", "1.jpg", &id).await?;
    /// assert_eq!(bytes, Some("an image".into()));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_object_version(
        &self,
        bucket: &str,
        key: &str,
        version_id: &str,
    ) -> Result<Option<Bytes>, Error> {
        let version_id = Some(version_id);
        self.buckets().read_whole(bucket, key, version_id).await
    }

    /// The objects that are in a bucket now, in the order of their keys' UTF-8 bytes. A key whose
    /// newest version is a delete marker has none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::S3`](crate::ErrorKind::S3) when the bucket does not exist.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// # let topology = Topology::new().with_bucket(BucketSpec::new("photos"));
    /// # let pipeline = LocalPipeline::builder().with_topology(topology).start().await?;
    /// pipeline.put("photos", "2.jpg", "an image").await?;
    /// pipeline.put("photos", "1.jpg", "an image").await?;
    ///
    /// let objects = pipeline.objects("photos")?;
    /// let keys: Vec<_> = objects.iter().map(|object| object.key.as_str()).collect();
    /// assert_eq!(keys, ["1.jpg", "2.jpg"]);
    /// assert_eq!(objects[0].size, 8);
    /// # Ok(())
    /// # }
    /// ```
    pub fn objects(&self, bucket: &str) -> Result<Vec<ObjectSnapshot>, Error> {
        self.buckets().snapshots(bucket)
    }

    /// All versions of a key, delete markers included, the newest one first. Empty if the key has
    /// none. In a bucket without versioning, the object is the only version.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::S3`](crate::ErrorKind::S3) when the bucket does not exist.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// # let topology = Topology::new().with_bucket(BucketSpec::new("photos"));
    /// # let pipeline = LocalPipeline::builder().with_topology(topology).start().await?;
    /// pipeline.enable_versioning("photos").await?;
    /// pipeline.put("photos", "1.jpg", "an image").await?;
    /// pipeline.delete("photos", "1.jpg").await?;
    ///
    /// let versions = pipeline.versions("photos", "1.jpg")?;
    /// let markers: Vec<_> = versions.iter().map(|version| version.is_delete_marker).collect();
    /// assert_eq!(markers, [true, false]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn versions(&self, bucket: &str, key: &str) -> Result<Vec<ObjectSnapshot>, Error> {
        self.buckets().version_snapshots(bucket, key)
    }
}

fn only_event(events: &[EventId]) -> EventId {
    *events.first().expect("a new object is one event")
}
