//! The bytes of objects on their way.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;

/// The body of an object, in pieces.
pub type ObjectBody =
    Pin<Box<dyn Stream<Item = Result<Bytes, Box<dyn StdError + Send + Sync>>> + Send>>;

/// The content of an object that is written. It can be read again for another attempt.
///
/// # Examples
///
/// ```
/// use futures_util::stream;
/// use s3_dispatch::objects::PutBody;
///
/// let from_memory = PutBody::from("text");
/// let from_disk = PutBody::file("thumbnail.jpg");
/// let streamed = PutBody::stream(6, || stream::iter(["abc", "def"].map(|text| Ok(text.into()))));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum PutBody {
    /// Bytes in memory.
    Bytes(Bytes),
    /// The content of a file, which is streamed. It must not change meanwhile.
    File(PathBuf),
    /// A stream that is made anew for each attempt.
    Stream(PutStream),
}

/// A stream of known length, for [`PutBody::stream`].
#[derive(Clone)]
pub struct PutStream {
    length: u64,
    make: Arc<dyn Fn() -> ObjectBody + Send + Sync>,
}

impl PutBody {
    /// The content of the file with this path.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::File(path.into())
    }

    /// A stream of this number of bytes. It is made anew for each attempt.
    ///
    /// S3 must know the length in advance. If the stream fails, or has another length, nothing is
    /// written.
    #[must_use]
    pub fn stream<S>(length: u64, make: impl Fn() -> S + Send + Sync + 'static) -> Self
    where
        S: Stream<Item = Result<Bytes, Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        Self::Stream(PutStream {
            length,
            make: Arc::new(move || Box::pin(make())),
        })
    }
}

impl PutStream {
    /// The number of bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Makes the stream for one attempt.
    ///
    /// The store must check that it has [`length`](Self::length) bytes.
    #[must_use]
    pub fn open(&self) -> ObjectBody {
        (self.make)()
    }
}

impl fmt::Debug for PutStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutStream")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl<B: Into<Bytes>> From<B> for PutBody {
    fn from(bytes: B) -> Self {
        Self::Bytes(bytes.into())
    }
}
