//! What infrastructure must let through, derived from the routes that will handle it.

mod bucket;
mod conditions;
mod eventbridge;
mod iam;
mod key_spelling;
mod sns;
mod warnings;

pub use bucket::BucketNotification;
pub use eventbridge::EventBridgePattern;
pub use iam::IamPolicy;
pub use sns::{FilterCriteria, FilterPolicy};
pub use warnings::Warning;

use crate::{Error, Route, Router};

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
        warnings::of_routes(&self.routes)
    }
}
