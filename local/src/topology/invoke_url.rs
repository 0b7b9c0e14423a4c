//! The address of a function that runs elsewhere.

use std::fmt;

use http::Uri;
use http::uri::{PathAndQuery, Scheme};

use crate::{Error, ErrorKind};

/// Where a function that this pipeline does not run is invoked: an endpoint of Lambda's `Invoke`
/// operation.
///
/// `cargo lambda watch` offers one, at port 9000, and so does AWS's Runtime Interface Emulator,
/// which is part of the container images for Lambda. An address without a path gets the path of the
/// operation, with the function's name; the emulator needs the path to be given, because it calls
/// every function `function`.
///
/// # Examples
///
/// ```
/// use s3_dispatch_local::InvokeUrl;
///
/// let watch = InvokeUrl::parse("http://127.0.0.1:9000")?;
/// assert_eq!(watch.path("index"), "/2015-03-31/functions/index/invocations");
///
/// let emulator = "http://127.0.0.1:8080/2015-03-31/functions/function/invocations";
/// let emulator = InvokeUrl::parse(emulator)?;
/// assert_eq!(emulator.path("index"), "/2015-03-31/functions/function/invocations");
///
/// assert!(InvokeUrl::parse("http://127.0.0.1:9000/lambda-url/index").is_err());
/// # Ok::<_, s3_dispatch_local::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvokeUrl {
    host: String,
    port: u16,
    /// `None` for the path of the operation.
    path: Option<String>,
}

impl InvokeUrl {
    /// Parses an address that begins with `http://`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when it is not such an address, or when it is that of a
    /// function URL: a function gets HTTP requests there, not messages.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |reason: &str| {
            let message = format!("`{text}` {reason}");
            Error::new(ErrorKind::Configuration, message)
        };

        let url: Uri = text.parse().map_err(|_| refuse("is not a URL"))?;
        if url.scheme() != Some(&Scheme::HTTP) {
            return Err(refuse("does not begin with `http://`"));
        }

        let host = url.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| refuse("has no host"))?;
        let path = url.path_and_query().map_or("/", PathAndQuery::as_str);

        if path.starts_with("/lambda-url/") {
            return Err(refuse(
                "is a function URL, where a function gets HTTP requests; leave its path out",
            ));
        }

        Ok(Self {
            host: host.to_owned(),
            port: url.port_u16().unwrap_or(80),
            path: (path != "/").then(|| path.to_owned()),
        })
    }

    /// The path that this function is invoked at.
    #[must_use]
    pub fn path(&self, function: &str) -> String {
        let of_operation = || format!("/2015-03-31/functions/{function}/invocations");
        self.path.clone().unwrap_or_else(of_operation)
    }

    /// The host and the port to connect to.
    pub(crate) fn address(&self) -> (&str, u16) {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        (host, self.port)
    }

    /// The host and the port as an HTTP request names them.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl fmt::Display for InvokeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}", self.host, self.port)?;
        f.write_str(self.path.as_deref().unwrap_or_default())
    }
}
