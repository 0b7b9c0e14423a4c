//! What infrastructure must let through, derived from the routes that will handle it.

mod bucket;
mod conditions;
mod eventbridge;
mod iam;
mod sns;

pub use bucket::BucketNotification;
pub use eventbridge::EventBridgePattern;
pub use iam::IamPolicy;
pub use sns::{FilterCriteria, FilterPolicy};

use std::fmt;

use crate::{Error, EventName, Route, Router};

/// The routes of a program, for whoever sets up its queue.
///
/// Event names that stand in the code and again in a filter policy drift apart, and a message that
/// no filter lets through is lost without a trace. Everything here is derived from the routes, and
/// never narrower than they are: where a condition cannot be expressed, a wider one is given, since
/// the router checks every record again.
///
/// ```
/// use s3_dispatch_core::{Manifest, Routes};
///
/// let routes = Routes::new(()).on_fn("ObjectCreated:Put", || async { Ok::<_, std::io::Error>(()) });
/// let manifest = Manifest::new(&routes);
/// let policy = manifest.filter_policy()?;
/// let json = serde_json::to_string(&policy).expect("a policy is JSON");
/// assert_eq!(json, r#"{"Records":{"eventName":["ObjectCreated:Put"]}}"#);
/// assert_eq!(
///     manifest.warnings()[0].to_string(),
///     "`ObjectCreated:Put` without `ObjectCreated:CompleteMultipartUpload` misses every large upload"
/// );
/// # Ok::<_, s3_dispatch_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Manifest {
    routes: Vec<Route>,
}

/// Something that works and is probably not meant, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Warning(String);

impl Warning {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Warning {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Manifest {
    /// The manifest of a router.
    #[must_use]
    pub fn new(router: &(impl Router + ?Sized)) -> Self {
        Self {
            routes: router.routes().to_vec(),
        }
    }

    /// The routes.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The filter policy of the queue's subscription to an SNS topic, for the scope `MessageBody`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unexpressible`](crate::ErrorKind::Unexpressible) when the policy would be above
    /// the limits of SNS, with the routes; or when there are no routes.
    pub fn filter_policy(&self) -> Result<FilterPolicy, Error> {
        FilterPolicy::new(&self.routes)
    }

    /// What the bucket must publish: event types, and key filters where S3 can express them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unexpressible`](crate::ErrorKind::Unexpressible) when there are no routes.
    pub fn bucket_notification(&self) -> Result<BucketNotification, Error> {
        BucketNotification::new(&self.routes)
    }

    /// The pattern of an EventBridge rule.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unexpressible`](crate::ErrorKind::Unexpressible) when no route has an event
    /// that EventBridge knows.
    pub fn eventbridge_pattern(&self) -> Result<EventBridgePattern, Error> {
        EventBridgePattern::new(&self.routes)
    }

    /// The filter criteria of the event source mapping from the queue to the function.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unexpressible`](crate::ErrorKind::Unexpressible) when there are no routes.
    pub fn filter_criteria(&self) -> Result<FilterCriteria, Error> {
        FilterCriteria::new(&self.routes)
    }

    /// What a careful colleague would say of the routes.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.missing_multipart_uploads();
        for (index, route) in self.routes.iter().enumerate() {
            if self.is_unreachable(index) {
                warnings.push(Warning::new(format!(
                    "no event reaches {route}: more specific routes take them all"
                )));
            }

            for other in &self.routes[index + 1..] {
                if route.crosses(other) {
                    warnings.push(Warning::new(format!(
                        "some keys belong to both {route} and {other}"
                    )));
                }
            }
        }

        warnings
    }

    /// `ObjectCreated:CompleteMultipartUpload` includes large copies (UploadPartCopy), and every
    /// upload above the threshold of the CLI and the SDKs.
    fn missing_multipart_uploads(&self) -> Vec<Warning> {
        let multipart = EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD;
        let takes = |route: &Route, name: &EventName| route.best_pattern(name).is_some();

        let missed = |route: &Route| {
            !self
                .routes
                .iter()
                .any(|other| takes(other, &multipart) && other.filters_cover(route))
        };

        let whats = [
            (EventName::OBJECT_CREATED_PUT, "upload"),
            (EventName::OBJECT_CREATED_COPY, "copy"),
        ];
        let mut warnings = Vec::new();

        for (name, what) in whats {
            let Some(route) = self
                .routes
                .iter()
                .find(|route| takes(route, &name) && missed(route))
            else {
                continue;
            };

            // Where some are taken, the route tells which are not.
            let some = self.routes.iter().any(|route| takes(route, &multipart));

            let of = if some {
                format!(" of {route}")
            } else {
                String::new()
            };

            warnings.push(Warning::new(format!(
                "`{name}` without `{multipart}` misses every large {what}{of}"
            )));
        }

        warnings
    }

    /// Whether every known event of a route belongs to another one that is more specific and not
    /// narrower in its filters.
    fn is_unreachable(&self, index: usize) -> bool {
        let route = &self.routes[index];
        let mut events = EventName::KNOWN
            .iter()
            .filter(|name| route.best_pattern(name).is_some())
            .peekable();
        let takes_from = |other: &Route, name: &EventName| {
            let (own, others) = (route.best_pattern(name), other.best_pattern(name));
            others.zip(own).is_some_and(|(others, own)| others > own) && other.filters_cover(route)
        };

        events.peek().is_some()
            && events.all(|name| {
                let mut others = self
                    .routes
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != index);
                others.any(|(_, other)| takes_from(other, name))
            })
    }
}
