//! The origin of a web page.

use std::fmt;
use std::sync::Arc;

use http::uri::Authority;

use crate::{Error, ErrorKind};

/// The origin of a web page: `http://localhost:5173`.
///
/// Pages of an origin use the endpoints only if it is allowed, by
/// [`BoundS3Endpoint::with_allowed_origin`](crate::BoundS3Endpoint::with_allowed_origin) and
/// [`LocalPipelineBuilder::with_allowed_origin`](crate::LocalPipelineBuilder::with_allowed_origin).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(Arc<str>);

impl Origin {
    /// Reads a scheme, a host and, unless it is the scheme's default, a port.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when the text is anything else: `*`, `null` or a URL with a
    /// path, for example.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::Origin;
    ///
    /// # fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let origin = Origin::parse("http://localhost:5173")?;
    /// assert_eq!(origin.to_string(), "http://localhost:5173");
    /// assert!(Origin::parse("http://localhost:5173/upload").is_err());
    /// assert!(Origin::parse("*").is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(text).ok_or_else(|| {
            let message = format!(
                "`{}` is not an origin; expected a scheme, a host and a port, such as \
                 `http://localhost:5173`",
                text.escape_debug()
            );
            Error::new(ErrorKind::Configuration, message)
        })
    }

    fn read(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (scheme, rest) = text.split_once("://")?;

        let mut letters = scheme.chars();
        let is_scheme = letters
            .next()
            .is_some_and(|first| first.is_ascii_lowercase())
            && letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
        let authority: Authority = rest.parse().ok()?;
        let host = authority.host();
        let is_host = !host.is_empty() && !rest.contains(['@', '*']);
        let has_port = rest.len() > host.len();
        if !is_scheme || !is_host || (has_port && authority.port_u16().is_none()) {
            return None;
        }

        // Browsers leave out the default port.
        let rest = match (scheme, authority.port_u16()) {
            ("http", Some(80)) | ("https", Some(443)) => host,
            _ => rest,
        };

        Some(Self(format!("{scheme}://{rest}").into()))
    }

    /// Whether a header has this origin.
    pub(super) fn is(&self, header: &str) -> bool {
        self.0.eq_ignore_ascii_case(header)
    }

    /// Whether a header has the host and the port of this origin.
    pub(super) fn has_host(&self, header: &str) -> bool {
        let (_, host) = self.0.split_once("://").unwrap_or_default();

        host.eq_ignore_ascii_case(header)
    }

    /// Whether a URL belongs to this origin.
    pub(super) fn contains(&self, url: &str) -> bool {
        let head = url.get(..self.0.len());
        let rest = url.get(self.0.len()..).unwrap_or_default();

        head.is_some_and(|head| self.is(head)) && (rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
