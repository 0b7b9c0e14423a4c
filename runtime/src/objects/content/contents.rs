//! The ways to read the object of an event.

use std::ops::{Bound, RangeBounds};
use std::path::Path;

use bytes::{Bytes, BytesMut};
use serde::de::DeserializeOwned;

use crate::objects::content::download::download;
use crate::objects::content::reader::{ObjectLines, ObjectReader, ObjectStream, not_utf8};
use crate::objects::content::reading::Reading;
use crate::objects::error::{ObjectError, ObjectErrorKind};
use crate::objects::object::Object;

/// How many bytes are reserved at once for a body, whatever the service announces.
const MAX_RESERVED: u64 = 16 * 1024 * 1024;

/// Reading. Each use is a request of its own.
impl Object {
    /// All bytes.
    ///
    /// # Errors
    ///
    /// Every kind except `Content`, `Conflict` and `File`.
    pub async fn bytes(&self) -> Result<Bytes, ObjectError> {
        collect(self.open().await?).await
    }

    /// The content as text.
    ///
    /// # Errors
    ///
    /// `Content` if it is not UTF-8, and those of [`bytes`](Self::bytes).
    pub async fn text(&self) -> Result<String, ObjectError> {
        let bytes = self.bytes().await?;
        String::from_utf8(bytes.into()).map_err(|error| self.about(not_utf8(error.utf8_error())))
    }

    /// The content, read as JSON.
    ///
    /// # Errors
    ///
    /// `Content` if it is not the JSON of a `T`, and those of [`bytes`](Self::bytes).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::{ObjectError, Objects};
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ObjectError> {
    /// let memory = MemoryObjects::new();
    /// let record = memory.put("amzn-s3-demo-bucket", "a.json", "[1, 2]").build();
    ///
    /// let object = Objects::new(memory).object(&record);
    /// assert_eq!(object.json::<Vec<u8>>().await?, [1, 2]);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn json<T: DeserializeOwned>(&self) -> Result<T, ObjectError> {
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            self.about(
                ObjectError::new(ObjectErrorKind::Content)
                    .with_detail("the content is not the expected JSON")
                    .with_source(error),
            )
        })
    }

    /// The body as a stream of pieces. It is open when this returns.
    ///
    /// # Errors
    ///
    /// Those of [`bytes`](Self::bytes).
    pub async fn stream(&self) -> Result<ObjectStream, ObjectError> {
        Ok(ObjectStream::new(self.open().await?))
    }

    /// The body as an `AsyncRead` and `AsyncBufRead`. It is open when this returns.
    ///
    /// # Errors
    ///
    /// Those of [`bytes`](Self::bytes).
    pub async fn reader(&self) -> Result<ObjectReader, ObjectError> {
        Ok(ObjectReader::new(self.stream().await?))
    }

    /// The lines of the content. The body is open when this returns.
    ///
    /// # Errors
    ///
    /// Those of [`bytes`](Self::bytes).
    pub async fn lines(&self) -> Result<ObjectLines, ObjectError> {
        let object = (self.bucket().clone(), self.key().clone());
        Ok(ObjectLines::new(self.stream().await?, object))
    }

    /// Some of the bytes, counted from 0.
    ///
    /// What is behind the end of the object is left out, so the result may be shorter than the
    /// range, and empty.
    ///
    /// # Errors
    ///
    /// Those of [`bytes`](Self::bytes).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::{ObjectError, Objects};
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ObjectError> {
    /// let memory = MemoryObjects::new();
    /// let record = memory.put("amzn-s3-demo-bucket", "a.txt", "0123456789").build();
    ///
    /// let object = Objects::new(memory).object(&record);
    /// assert_eq!(object.range(2..=4).await?, "234");
    /// assert_eq!(object.range(8..20).await?, "89");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn range(&self, range: impl RangeBounds<u64>) -> Result<Bytes, ObjectError> {
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => u64::MAX,
        };

        // A service rejects a range without bytes, so the size decides what is one.
        let end = end.min(self.known_size().await?);
        if start >= end {
            return Ok(Bytes::new());
        }
        self.check_limit(end - start)?;

        let mut request = self.request()?;
        request.range = Some(start..end);
        let (head, reading) = Reading::open(self.objects(), request).await?;
        self.accept(&head)?;
        collect(reading).await
    }

    /// Writes the content to a file, and returns the number of bytes.
    ///
    /// The file appears under its name when it is complete: until then it is a temporary file in
    /// the same folder, which is removed if the download fails or is dropped.
    ///
    /// # Errors
    ///
    /// `File` if the file cannot be written, and those of [`bytes`](Self::bytes).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::{ObjectError, Objects};
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ObjectError> {
    /// let memory = MemoryObjects::new();
    /// let record = memory.put("amzn-s3-demo-bucket", "a.txt", "text").build();
    ///
    /// let path = std::env::temp_dir().join(format!("s3-dispatch-{}.txt", std::process::id()));
    /// let object = Objects::new(memory).object(&record);
    /// assert_eq!(object.download(&path).await?, 4);
    /// assert_eq!(std::fs::read_to_string(&path).unwrap(), "text");
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok(())
    /// # }
    /// ```
    pub async fn download(&self, path: impl AsRef<Path>) -> Result<u64, ObjectError> {
        let downloaded = download(self.stream().await?, path.as_ref()).await;
        downloaded.map_err(|error| self.about(error))
    }
}

async fn collect(mut reading: Reading) -> Result<Bytes, ObjectError> {
    let announced = reading.remaining();
    let Some(first) = reading.next().await? else {
        return Ok(Bytes::new());
    };
    // The usual small object comes in one piece, which need not be copied.
    if reading.remaining() == 0 {
        let end = reading.next().await?;
        debug_assert!(end.is_none(), "a body has no bytes behind its end");
        return Ok(first);
    }

    let mut bytes = BytesMut::with_capacity(announced.min(MAX_RESERVED) as usize);
    bytes.extend_from_slice(&first);
    while let Some(piece) = reading.next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}
