//! The access to all objects.

use std::fmt;
use std::sync::Arc;

use s3_dispatch_core::S3EventRecord;

use crate::objects::error::{ObjectError, PUT_RIGHT};
use crate::objects::store::{
    ObjectHead, ObjectStore, OpenedObject, PutRequest, ReadRequest, WrittenObject,
};

/// The access to objects, as a part of the application's state.
///
/// The arguments [`Object`](crate::objects::Object) and [`Current`](crate::objects::Current) need
/// it. Its clones share one client. A program with a state of its own implements
/// [`FromRef`](crate::FromRef) for it:
///
/// ```
/// use s3_dispatch::FromRef;
/// use s3_dispatch::objects::Objects;
///
/// struct App {
///     objects: Objects,
/// }
///
/// impl FromRef<App> for Objects {
///     fn from_ref(app: &App) -> Self {
///         app.objects.clone()
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
}

impl Objects {
    /// Creates the access from a client of the AWS SDK (feature `objects`), from the memory of
    /// objects in `s3-dispatch-testing`, or from a store of your own.
    ///
    /// The client's own retries and timeouts apply.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::Objects;
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// let objects = Objects::new(MemoryObjects::new());
    /// ```
    pub fn new(store: impl ObjectStore) -> Self {
        Self {
            store: Arc::new(store),
        }
    }

    pub(in crate::objects) async fn get(
        &self,
        request: &ReadRequest,
    ) -> Result<OpenedObject, ObjectError> {
        let opened = self.store.get(request).await;
        opened.map_err(|error| about_read(error, request))
    }

    /// Returns the record with the size and the entity tag of its object, or of the version that
    /// it names.
    pub(crate) async fn look_up(
        &self,
        record: &S3EventRecord,
    ) -> Result<S3EventRecord, ObjectError> {
        let mut request = ReadRequest::new(record.bucket.name.clone(), record.object.key.clone());
        request.version_id.clone_from(&record.object.version_id);
        let head = self.head(&request).await?;

        let mut record = record.clone();
        record.object.size = Some(head.size);
        record.object.e_tag = head.e_tag;

        Ok(record)
    }

    pub(in crate::objects) async fn head(
        &self,
        request: &ReadRequest,
    ) -> Result<ObjectHead, ObjectError> {
        let head = self.store.head(request).await;
        head.map_err(|error| about_read(error, request))
    }

    pub(in crate::objects) async fn put(
        &self,
        request: &PutRequest,
    ) -> Result<WrittenObject, ObjectError> {
        let written = self.store.put(request).await;
        written.map_err(|error| {
            error
                .with_right(PUT_RIGHT)
                .about(&request.bucket, &request.key)
        })
    }
}

fn about_read(error: ObjectError, request: &ReadRequest) -> ObjectError {
    let right = match request.version_id {
        Some(_) => "s3:GetObjectVersion",
        None => "s3:GetObject",
    };

    error.with_right(right).about(&request.bucket, &request.key)
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects").finish_non_exhaustive()
    }
}
