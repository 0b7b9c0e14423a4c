//! Which requests a port answers.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response};
use http_body_util::Full;

use super::cross_origin::{CrossOrigin, CrossOriginAnswer};
use super::hosts;
use super::origin::Origin;
use super::requests::{Source, is_from_another_site, is_link, only};

/// Which requests of web pages a port answers. Other programs are not affected.
///
/// At first: those that name the port in `Host`, and come from no page. Such a port refuses pages
/// whose name was pointed to this machine (DNS rebinding), and forms, images and scripts of every
/// page.
///
/// ```
/// use std::net::Ipv4Addr;
///
/// use bytes::Bytes;
/// use http::{Response, StatusCode};
/// use http_body_util::Full;
/// use s3_dispatch_local::{HttpListener, WebAccess};
/// use tokio::net::TcpListener;
///
/// fn refuse(reason: &str) -> Response<Full<Bytes>> {
///     let mut response = Response::new(Full::from(reason.to_owned()));
///     *response.status_mut() = StatusCode::FORBIDDEN;
///     response
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
/// let access = WebAccess::new(listener.local_addr()?, refuse);
/// let listener = HttpListener::new(listener, access);
/// # drop(listener);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WebAccess {
    address: SocketAddr,
    refuse: fn(&str) -> Response<Full<Bytes>>,
    /// The origins whose pages are allowed. `None` at a port where no origin can be allowed.
    origins: Option<Vec<Origin>>,
    /// The paths that other pages may link to, if the port has pages of its own.
    own_pages: Option<fn(&str) -> bool>,
    /// What the resources of the port say about admitted requests of pages.
    cross_origin: Option<Arc<dyn CrossOrigin>>,
    /// Adds the headers that every answer of the port has.
    mark: fn(&mut HeaderMap),
}

/// Whose request is admitted.
pub(super) enum Admitted {
    /// That of a program, which may name any origin that no page has.
    Program,
    /// One whose answer no page of another origin can read: that of an own page, a link or an
    /// image.
    SameOrigin,
    /// That of a page of an allowed origin, which is the value of `Origin`.
    Page(HeaderValue),
}

impl WebAccess {
    /// Refuses all pages at a port. `refuse` makes an answer of a reason, in the protocol of the
    /// port.
    pub fn new(address: SocketAddr, refuse: fn(&str) -> Response<Full<Bytes>>) -> Self {
        Self {
            address,
            refuse,
            origins: None,
            own_pages: None,
            mark: |_| {},
            cross_origin: None,
        }
    }

    /// Lets the pages of these origins use the port, with CORS, and lets their hosts name the port:
    /// a development server that passes requests on sends its own host.
    ///
    /// Refusals then say how to allow an origin, also if there is none yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{Origin, WebAccess};
    ///
    /// # fn allow(access: WebAccess) -> Result<WebAccess, s3_dispatch_local::Error> {
    /// let access = access.with_allowed_origins([Origin::parse("http://localhost:5173")?]);
    /// # Ok(access)
    /// # }
    /// # let refuse = |_: &str| http::Response::default();
    /// # let access = allow(WebAccess::new(([127, 0, 0, 1], 9090).into(), refuse)).unwrap();
    /// assert!(format!("{access:?}").contains("http://localhost:5173"));
    /// ```
    #[must_use]
    pub fn with_allowed_origins(mut self, origins: impl IntoIterator<Item = Origin>) -> Self {
        self.origins.get_or_insert_default().extend(origins);
        self
    }

    /// Lets the pages that the port itself serves use it. Other pages may link to the paths for
    /// which `is_linkable` is true.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::WebAccess;
    ///
    /// # fn allow(access: WebAccess) -> WebAccess {
    /// let access = access.with_own_pages(|path| path == "/");
    /// # access
    /// # }
    /// # let refuse = |_: &str| http::Response::default();
    /// # allow(WebAccess::new(([127, 0, 0, 1], 9091).into(), refuse));
    /// ```
    #[must_use]
    pub fn with_own_pages(mut self, is_linkable: fn(&str) -> bool) -> Self {
        self.own_pages = Some(is_linkable);
        self
    }

    /// Adds headers to what is answered here: the answers to browsers that ask before a request.
    /// Refusals have theirs from `refuse`.
    #[must_use]
    pub(crate) fn with_marks(mut self, mark: fn(&mut HeaderMap)) -> Self {
        self.mark = mark;
        self
    }

    pub(super) fn mark(&self, headers: &mut HeaderMap) {
        (self.mark)(headers);
    }

    /// Lets the resources of the port decide about the requests of pages that are admitted.
    #[must_use]
    pub(crate) fn with_cross_origin(mut self, cross_origin: Arc<dyn CrossOrigin>) -> Self {
        self.cross_origin = Some(cross_origin);
        self
    }

    /// What the resource of an admitted request says about it.
    pub(super) fn cross_origin(&self, request: &Parts, admitted: &Admitted) -> CrossOriginAnswer {
        let is_allowed_page = match admitted {
            Admitted::SameOrigin => return CrossOriginAnswer::Default,
            Admitted::Program => false,
            Admitted::Page(_) => true,
        };
        let is_cors =
            request.headers.contains_key(header::ORIGIN) || request.method == Method::OPTIONS;

        match &self.cross_origin {
            Some(resources) if is_cors => resources.decide(request, is_allowed_page),
            _ => CrossOriginAnswer::Default,
        }
    }

    pub(super) fn refuse(&self, reason: &str) -> Response<Full<Bytes>> {
        (self.refuse)(reason)
    }

    /// Checks a request.
    pub(super) fn check(&self, request: &Parts) -> Result<Admitted, String> {
        let host = self.check_host(request)?;
        let headers = &request.headers;

        match Source::of(headers) {
            Source::NoPage => Ok(Admitted::Program),
            Source::OwnPage if self.own_pages.is_some() => Ok(Admitted::SameOrigin),
            Source::Page(origin) if self.allows(|own| own.is(origin)) => {
                let origin = headers.get(header::ORIGIN).cloned();
                Ok(origin.map_or(Admitted::SameOrigin, Admitted::Page))
            }
            Source::Page(origin) if self.is_own_page(origin, host, headers) => {
                Ok(Admitted::SameOrigin)
            }
            Source::Unnamed(_) if self.is_linked(request) => Ok(Admitted::SameOrigin),
            Source::Unnamed(Some(url)) if self.allows(|own| own.contains(url)) => {
                Ok(Admitted::SameOrigin)
            }
            Source::Page(origin) => Err(self.refused_page(origin)),
            Source::OwnPage | Source::Unnamed(_) => Err(self.refused_page("another site")),
            Source::Unclear => Err(String::from(
                "the headers Origin and Sec-Fetch-Site must be text, and given once",
            )),
        }
    }

    /// Returns the `Host`, which must name this port.
    fn check_host<'a>(&self, request: &'a Parts) -> Result<&'a str, String> {
        let Ok(Some(host)) = only(&request.headers, &header::HOST) else {
            return Err(String::from("the request must have one Host header"));
        };

        let authority = request.uri.authority().map(http::uri::Authority::as_str);
        let foreign = [Some(host), authority]
            .into_iter()
            .flatten()
            .find(|host| !self.is_own_host(host));

        match foreign {
            None => Ok(host),
            Some(foreign) => Err(self.refused_host(foreign)),
        }
    }

    fn is_own_host(&self, host: &str) -> bool {
        hosts::is_own(host, self.address) || self.allows(|origin| origin.has_host(host))
    }

    /// Whether a page was loaded from this host, and says nothing else.
    fn is_own_page(&self, origin: &str, host: &str, headers: &HeaderMap) -> bool {
        let is_own = origin
            .strip_prefix("http://")
            .is_some_and(|own| own.eq_ignore_ascii_case(host));

        is_own && self.own_pages.is_some() && !is_from_another_site(headers)
    }

    fn is_linked(&self, request: &Parts) -> bool {
        let is_linkable = self.own_pages.is_some_and(|is| is(request.uri.path()));

        is_linkable && is_link(request)
    }

    fn allows(&self, is_match: impl Fn(&Origin) -> bool) -> bool {
        self.origins.iter().flatten().any(is_match)
    }

    fn refused_host(&self, host: &str) -> String {
        let advice = match self.origins {
            None => String::new(),
            Some(_) => format!(
                ", or if it is a name of this machine, allow it with \
                 `--allow-origin http://{host}` or `with_allowed_origin`"
            ),
        };

        format!(
            "`{host}` is not a name of this port; use `http://{}`{advice}",
            self.address
        )
    }

    fn refused_page(&self, origin: &str) -> String {
        if self.origins.is_none() {
            return String::from("no page of another site may use this port");
        }

        if origin == "null" {
            return String::from(
                "a page without an origin sent the request, such as a file or a sandboxed frame; \
                 serve the page by HTTP, and allow its origin with `--allow-origin ORIGIN` or \
                 `with_allowed_origin`",
            );
        }

        let option = match Origin::parse(origin) {
            Ok(origin) => origin.to_string(),
            Err(_) => String::from("ORIGIN"),
        };
        format!(
            "a page of {origin} sent the request; if it is your application, allow it with \
             `--allow-origin {option}` or `with_allowed_origin`"
        )
    }
}

impl fmt::Debug for WebAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebAccess")
            .field("address", &self.address)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}
