//! The handlers of photos, with their state.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use bytes::Bytes;
use s3_dispatch::objects::{ObjectHead, PutOutcome, derived_key};
use s3_dispatch::{
    Current, FromRef, HandlerError, Object, Objects, S3EventRecord, SkipReason, State, s3_handler,
};

use crate::client;
use crate::shrink::shrink;

/// Where the thumbnails are. No route takes this prefix, so the program does not set off itself.
const THUMBNAILS: &str = "thumbnails/";

/// The largest photo, in bytes.
const LARGEST: u64 = 50 * 1024 * 1024;

/// The metadata of a thumbnail that names the entity tag of its photo.
const SOURCE: &str = "source-e-tag";

/// The application's state.
pub struct App {
    objects: Objects,
    deletes: Arc<dyn Delete>,
}

/// Deletes objects, which `Objects` does not.
#[async_trait]
pub trait Delete: Send + Sync + 'static {
    /// Deletes an object if there is one.
    ///
    /// # Errors
    ///
    /// Returns an error if it may still be there. A retry may help.
    async fn delete(&self, bucket: &str, key: &str) -> Result<(), Box<dyn Error + Send + Sync>>;
}

#[async_trait]
impl Delete for Client {
    async fn delete(&self, bucket: &str, key: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.delete_object().bucket(bucket).key(key).send().await?;
        Ok(())
    }
}

impl App {
    /// Connects to S3 with the settings that Lambda gives, or those of a terminal.
    ///
    /// # Errors
    ///
    /// Never: the first request finds out whether the settings are right.
    pub async fn from_env() -> Result<Self, Infallible> {
        let client = client::from_env().await;
        Ok(Self::new(Objects::new(client.clone()), client))
    }

    /// Creates the state from its parts.
    pub fn new(objects: Objects, deletes: impl Delete) -> Self {
        Self {
            objects,
            deletes: Arc::new(deletes),
        }
    }
}

impl FromRef<App> for Objects {
    fn from_ref(app: &App) -> Self {
        app.objects.clone()
    }
}

impl FromRef<App> for Arc<dyn Delete> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.deletes)
    }
}

/// Makes the thumbnail of a photo.
#[s3_handler(
    "ObjectCreated:*",
    prefix = "photos/",
    suffix = [".jpg", ".jpeg"],
    ignore_suffix_case,
    reads,
    writes = "thumbnails/",
    state = App
)]
pub async fn make_thumbnail(photo: Object, current: Current) -> Result<(), HandlerError> {
    // In a bucket with versions an old photo can still be read.
    if !matches!(&current, Current::Present { e_tag, .. } if e_tag.as_ref() == photo.e_tag()) {
        return Err(HandlerError::skip(SkipReason::Superseded));
    }

    // If the photo has been overwritten or deleted meanwhile, this skips the record.
    let photo_bytes = photo.clone().at_most(LARGEST).bytes().await?;

    let thumbnail = tokio::task::spawn_blocking(move || shrink(&photo_bytes)).await?;
    // What is not an image will not become one.
    let thumbnail = thumbnail.map_err(HandlerError::permanent)?;

    write(&photo, thumbnail.into()).await
}

/// Writes a thumbnail, unless it is there. That of an earlier photo with this key is replaced.
async fn write(photo: &Object, thumbnail: Bytes) -> Result<(), HandlerError> {
    let source = photo.e_tag().map_or("", |e_tag| e_tag.as_str());
    let put = || {
        photo
            .objects()
            .put_once(
                photo.bucket().clone(),
                photo.derived(THUMBNAILS),
                thumbnail.clone(),
            )
            .with_content_type("image/jpeg")
            .with_metadata(SOURCE, source)
    };

    let earlier = match put().await? {
        PutOutcome::Written(_) => return Ok(()),
        PutOutcome::AlreadyThere(Some(head)) if source_of(&head) == Some(source) => return Ok(()),
        PutOutcome::AlreadyThere(head) => head.and_then(|head| head.e_tag),
    };
    // Without a look at the thumbnail nobody knows whether it is that of an earlier photo.
    let earlier = earlier.ok_or_else(|| {
        HandlerError::retry("the role may not look at thumbnails, it lacks `s3:GetObject`")
    })?;

    match put().replacing(earlier).await? {
        PutOutcome::Written(_) => Ok(()),
        PutOutcome::AlreadyThere(_) => Err(HandlerError::retry("another thumbnail was written")),
    }
}

fn source_of(thumbnail: &ObjectHead) -> Option<&str> {
    thumbnail.metadata.get(SOURCE).map(String::as_str)
}

/// Deletes the thumbnail of a photo that was removed.
#[s3_handler(
    "ObjectRemoved:*",
    "LifecycleExpiration:*",
    prefix = "photos/",
    suffix = [".jpg", ".jpeg"],
    ignore_suffix_case,
    reads,
    deletes = "thumbnails/",
    state = App
)]
pub async fn remove_thumbnail(
    record: &S3EventRecord,
    current: Current,
    State(deletes): State<Arc<dyn Delete>>,
) -> Result<(), HandlerError> {
    // Somebody has uploaded the photo again, and the thumbnail is the new photo's.
    if current.is_present() {
        return Err(HandlerError::skip(SkipReason::Superseded));
    }

    let thumbnail = derived_key(THUMBNAILS, &record.object.key);
    deletes
        .delete(record.bucket.name.as_str(), &thumbnail)
        .await
        .map_err(HandlerError::retry)
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};
    use s3_dispatch::failure::{DeadLetter, DeadLetterError};
    use s3_dispatch::objects::{
        ObjectError, ObjectErrorKind, ObjectStore, OpenedObject, PutRequest, ReadRequest,
        WrittenObject,
    };
    use s3_dispatch::{DeadLetters, Dispatcher, MessageContext, Outcome, Router, Routes};
    use s3_dispatch_testing::{Fault, MemoryObjects, RecordBuilder, SqsBatchBuilder};

    use super::*;

    const BUCKET: &str = "amzn-s3-demo-bucket";
    const PHOTO: &str = "photos/my photo.JPG";
    const THUMBNAIL: &str = "thumbnails/photos/my photo.JPG";

    struct Memory(MemoryObjects);

    #[async_trait]
    impl Delete for Memory {
        async fn delete(
            &self,
            bucket: &str,
            key: &str,
        ) -> Result<(), Box<dyn Error + Send + Sync>> {
            self.0.delete(bucket, key);
            Ok(())
        }
    }

    /// Takes what no retry can help.
    struct Sink;

    #[async_trait]
    impl DeadLetters for Sink {
        async fn put(&self, _: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
            Ok(())
        }
    }

    /// A photo of 256 by 128 pixels.
    fn photo(red: u8) -> Vec<u8> {
        let image = RgbImage::from_fn(256, 128, |x, y| Rgb([red, x as u8, y as u8]));
        let mut bytes = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new(&mut bytes);
        image
            .write_with_encoder(encoder)
            .expect("the image is valid");
        bytes
    }

    fn routes(memory: &MemoryObjects) -> Routes<App> {
        let app = App::new(Objects::new(memory.clone()), Memory(memory.clone()));
        Routes::new(app)
            .on::<make_thumbnail>()
            .on::<remove_thumbnail>()
    }

    async fn handle(memory: &MemoryObjects, record: RecordBuilder) -> Outcome {
        let message = MessageContext::new();
        routes(memory).route(&record.build(), &message).await
    }

    async fn succeed(memory: &MemoryObjects, record: RecordBuilder) {
        let outcome = handle(memory, record).await;
        assert!(matches!(outcome, Outcome::Handled), "{outcome:?}");
    }

    fn is_superseded(outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Skipped(SkipReason::Superseded))
    }

    #[tokio::test]
    async fn a_photo_gets_a_small_jpeg() -> Result<(), Box<dyn Error>> {
        let memory = MemoryObjects::new();
        let record = memory.put(BUCKET, PHOTO, photo(9));
        succeed(&memory, record).await;

        let thumbnail = memory.get(BUCKET, THUMBNAIL).ok_or("no thumbnail")?;
        let small = image::load_from_memory(&thumbnail)?;
        assert_eq!((small.width(), small.height()), (128, 64));

        let head = memory.head(BUCKET, THUMBNAIL).ok_or("no thumbnail")?;
        assert_eq!(head.content_type.as_deref(), Some("image/jpeg"));

        Ok(())
    }

    #[tokio::test]
    async fn a_second_delivery_writes_nothing() {
        let memory = MemoryObjects::new().with_versioned_bucket(BUCKET);
        let record = memory.put(BUCKET, PHOTO, photo(9));
        for _ in 0..2 {
            succeed(&memory, record.clone()).await;
        }

        assert_eq!(memory.versions(BUCKET, THUMBNAIL), 1);
    }

    #[tokio::test]
    async fn a_new_photo_replaces_the_thumbnail_and_an_old_one_does_not() {
        for memory in [
            MemoryObjects::new(),
            MemoryObjects::new().with_versioned_bucket(BUCKET),
        ] {
            let old = memory.put(BUCKET, PHOTO, photo(9));
            succeed(&memory, old.clone()).await;
            let new = memory.put(BUCKET, PHOTO, photo(200));
            succeed(&memory, new).await;
            assert_eq!(
                memory.get(BUCKET, THUMBNAIL),
                shrink(&photo(200)).ok().map(Bytes::from)
            );

            let outcome = handle(&memory, old).await;
            assert!(is_superseded(&outcome), "{outcome:?}");
            assert_eq!(
                memory.get(BUCKET, THUMBNAIL),
                shrink(&photo(200)).ok().map(Bytes::from)
            );
        }
    }

    #[tokio::test]
    async fn what_is_not_an_image_or_too_large_fails_permanently() -> Result<(), Box<dyn Error>> {
        let memory = MemoryObjects::new();
        let text = memory.put(BUCKET, PHOTO, "not an image");
        let large = memory
            .put(BUCKET, "photos/large.jpg", photo(9))
            .with_size(LARGEST + 1);

        let batch = SqsBatchBuilder::new()
            .with_record("1", text)
            .with_record("2", large);
        let dispatcher = Dispatcher::new(routes(&memory)).with_dead_letters(Sink);
        let report = dispatcher.dispatch(batch.to_bytes(), None).await?;
        assert_eq!(report.dead_letters(), 2);
        assert_eq!(memory.keys(BUCKET), ["photos/large.jpg", PHOTO]);
        Ok(())
    }

    #[tokio::test]
    async fn a_failed_request_is_tried_again() {
        let memory = MemoryObjects::new();
        let record = memory.put(BUCKET, PHOTO, photo(9));
        memory.fail_next(Fault::Throttled(None));

        let outcome = handle(&memory, record).await;
        let Outcome::Failed(error) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(!error.is_permanent(), "{error}");
    }

    /// Denies a look at thumbnails.
    struct WithoutRight(MemoryObjects);

    #[async_trait]
    impl ObjectStore for WithoutRight {
        async fn get(&self, request: &ReadRequest) -> Result<OpenedObject, ObjectError> {
            ObjectStore::get(&self.0, request).await
        }

        async fn head(&self, request: &ReadRequest) -> Result<ObjectHead, ObjectError> {
            if request.key.as_str().starts_with(THUMBNAILS) {
                return Err(ObjectError::new(ObjectErrorKind::Denied));
            }
            ObjectStore::head(&self.0, request).await
        }

        async fn put(&self, request: &PutRequest) -> Result<WrittenObject, ObjectError> {
            ObjectStore::put(&self.0, request).await
        }
    }

    #[tokio::test]
    async fn without_the_right_to_look_at_a_thumbnail_the_record_fails() {
        let memory = MemoryObjects::new();
        let old = memory.put(BUCKET, PHOTO, photo(9));
        succeed(&memory, old).await;
        let new = memory.put(BUCKET, PHOTO, photo(200)).build();

        let objects = Objects::new(WithoutRight(memory.clone()));
        let routes = Routes::new(App::new(objects, Memory(memory))).on::<make_thumbnail>();
        let outcome = routes.route(&new, &MessageContext::new()).await;
        let Outcome::Failed(error) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(error.to_string().contains("s3:GetObject"), "{error}");
    }

    #[tokio::test]
    async fn the_thumbnail_goes_with_its_photo() {
        let memory = MemoryObjects::new();
        let put = memory.put(BUCKET, PHOTO, photo(9));
        succeed(&memory, put.clone()).await;
        let removed = memory.delete(BUCKET, PHOTO);
        succeed(&memory, removed).await;
        assert_eq!(memory.get(BUCKET, THUMBNAIL), None);

        // The event of the upload comes once more.
        let outcome = handle(&memory, put).await;
        assert!(is_superseded(&outcome), "{outcome:?}");
        assert_eq!(memory.get(BUCKET, THUMBNAIL), None);
    }

    #[tokio::test]
    async fn a_late_removal_leaves_the_thumbnail_of_a_new_photo() {
        let memory = MemoryObjects::new();
        memory.put(BUCKET, PHOTO, photo(9));
        let removed = memory.delete(BUCKET, PHOTO);
        let new = memory.put(BUCKET, PHOTO, photo(200));
        succeed(&memory, new).await;

        let outcome = handle(&memory, removed).await;
        assert!(is_superseded(&outcome), "{outcome:?}");
        assert!(memory.get(BUCKET, THUMBNAIL).is_some());
    }
}
