//! The filters of a program, derived from its routes.

use super::bucket::BucketNotification;
use super::eventbridge::EventBridgePattern;
use super::filter_criteria::FilterCriteria;
use super::permissions::{IamPolicy, ObjectAccess};
use super::sns::FilterPolicy;
use super::warnings::{self, Warning};
use crate::{Error, Route, Router};

/// The routes of a program, as a source of filters for its infrastructure.
///
/// Filters that are derived from the routes cannot contradict them. They never drop an event that a
/// route takes. They may let more events through, which the router skips.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::{Manifest, Routes};
///
/// let routes = Routes::new(()).on_fn("ObjectCreated:Put", || async {
///     Ok::<_, std::io::Error>(())
/// });
/// let manifest = Manifest::new(&routes);
///
/// let policy = serde_json::to_string(&manifest.filter_policy()?).expect("a policy is JSON");
/// assert_eq!(policy, r#"{"Records":{"eventName":["ObjectCreated:Put"]}}"#);
///
/// let warning = manifest.warnings()[0].to_string();
/// assert!(warning.ends_with("misses every large upload"));
/// # Ok::<_, s3_dispatch_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Manifest {
    routes: Vec<Route>,
}

impl Manifest {
    /// Creates the manifest of a router, from a copy of its routes.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{Manifest, Routes};
    ///
    /// let manifest = Manifest::new(&Routes::new(()));
    /// assert!(manifest.routes().is_empty());
    /// ```
    #[must_use]
    pub fn new(router: &(impl Router + ?Sized)) -> Self {
        Self {
            routes: router.routes().to_vec(),
        }
    }

    /// The routes, in the order in which they were added.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The filter policy for the queue's subscription to an SNS topic.
    ///
    /// The subscription needs the scope `MessageBody`.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unexpressible`](crate::ErrorKind::Unexpressible) if the policy would
    /// exceed the limits of SNS, or if there are no routes. A retry does not help.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Manifest, Route, Routes};
    ///
    /// let route = Route::new(EventPattern::from_static("ObjectCreated:*")).with_prefix("my in/");
    /// let routes = Routes::new(()).on_fn(route, || async { Ok::<_, std::io::Error>(()) });
    ///
    /// let policy = Manifest::new(&routes).filter_policy()?;
    /// assert_eq!(
    ///     serde_json::to_value(&policy).unwrap(),
    ///     serde_json::json!({"Records": {
    ///         "eventName": [{"prefix": "ObjectCreated:"}],
    ///         "s3": {"object": {"key": [{"prefix": "my+in/"}]}},
    ///     }}),
    /// );
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    pub fn filter_policy(&self) -> Result<FilterPolicy, Error> {
        FilterPolicy::new(&self.routes)
    }

    /// The events that the bucket must publish, with key filters where S3 can express them.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unexpressible`](crate::ErrorKind::Unexpressible) if there are no
    /// routes. A retry does not help.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{Manifest, Routes};
    ///
    /// let routes = Routes::new(()).on_fn("ObjectRemoved:*", || async {
    ///     Ok::<_, std::io::Error>(())
    /// });
    ///
    /// let notification = Manifest::new(&routes).bucket_notification()?;
    /// let events: Vec<_> = notification.events().collect();
    /// assert_eq!(events, ["s3:ObjectRemoved:*"]);
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    pub fn bucket_notification(&self) -> Result<BucketNotification, Error> {
        BucketNotification::new(&self.routes)
    }

    /// The event pattern for an EventBridge rule.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unexpressible`](crate::ErrorKind::Unexpressible) if EventBridge sends
    /// none of the routes' events, or if there are no routes. A retry does not help.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{Manifest, Routes};
    ///
    /// let routes = Routes::new(()).on_fn("ObjectTagging:Put", || async {
    ///     Ok::<_, std::io::Error>(())
    /// });
    ///
    /// let pattern = Manifest::new(&routes).eventbridge_pattern()?;
    /// assert_eq!(
    ///     serde_json::to_value(&pattern).unwrap(),
    ///     serde_json::json!({"source": ["aws.s3"], "detail-type": ["Object Tags Added"]}),
    /// );
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    pub fn eventbridge_pattern(&self) -> Result<EventBridgePattern, Error> {
        EventBridgePattern::new(&self.routes)
    }

    /// The filter criteria for the event source mapping from the queue to the function.
    ///
    /// Lambda deletes the messages that they drop. See [`FilterCriteria`] and its
    /// [warnings](FilterCriteria::warnings) before using them.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unexpressible`](crate::ErrorKind::Unexpressible) if there are no
    /// routes. A retry does not help.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{Manifest, Routes};
    ///
    /// let routes = Routes::new(()).on_fn("ObjectTagging:Put", || async {
    ///     Ok::<_, std::io::Error>(())
    /// });
    ///
    /// let criteria = Manifest::new(&routes).filter_criteria()?;
    /// let criteria = serde_json::to_value(&criteria).unwrap();
    /// let patterns = criteria["Filters"].as_array().unwrap();
    /// assert_eq!(
    ///     patterns[0]["Pattern"],
    ///     r#"{"body":{"Records":{"eventName":["ObjectTagging:Put"]}}}"#,
    /// );
    /// assert_eq!(
    ///     patterns[1]["Pattern"],
    ///     r#"{"body":{"detail-type":["Object Tags Added"],"source":["aws.s3"]}}"#,
    /// );
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    pub fn filter_criteria(&self) -> Result<FilterCriteria, Error> {
        FilterCriteria::new(&self.routes)
    }

    /// The permissions of the function: on its queue, and for what the handlers
    /// [declare](Route#what-the-handler-does) that they do with objects.
    ///
    /// `bucket` is the name of the bucket whose events arrive. It stands for the bucket of routes
    /// that name none. The partition, such as `aws-cn`, is that of the queue's ARN.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Manifest, Route, Routes};
    ///
    /// let route = Route::new(EventPattern::from_static("ObjectCreated:*"))
    ///     .with_prefix("photos/")
    ///     .writes("thumbnails/");
    /// let routes = Routes::new(()).on_fn(route, || async { Ok::<_, std::io::Error>(()) });
    ///
    /// let queue = "arn:aws:sqs:eu-central-1:123456789012:uploads";
    /// let policy = Manifest::new(&routes).iam_policy(queue, "amzn-s3-demo-bucket");
    /// assert_eq!(
    ///     serde_json::to_value(&policy).unwrap()["Statement"][1],
    ///     serde_json::json!({
    ///         "Sid": "WriteObjects",
    ///         "Effect": "Allow",
    ///         "Action": ["s3:PutObject", "s3:GetObject"],
    ///         "Resource": "arn:aws:s3:::amzn-s3-demo-bucket/thumbnails/*",
    ///     }),
    /// );
    /// ```
    #[must_use]
    pub fn iam_policy(&self, queue_arn: impl Into<String>, bucket: &str) -> IamPolicy {
        IamPolicy::new(queue_arn).with_objects(&self.object_access(), bucket)
    }

    /// What the handlers [declare](Route#what-the-handler-does) that they do with objects, without
    /// the names of buckets that the program does not know.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Manifest, Route, Routes};
    ///
    /// let route = Route::new(EventPattern::from_static("ObjectCreated:*")).deletes_taken();
    /// let routes = Routes::new(()).on_fn(route, || async { Ok::<_, std::io::Error>(()) });
    ///
    /// assert_eq!(
    ///     serde_json::to_value(Manifest::new(&routes).object_access()).unwrap(),
    ///     serde_json::json!([{
    ///         "sid": "DeleteObjects",
    ///         "actions": ["s3:DeleteObject"],
    ///         "resources": [{"bucket": null, "key": "*"}],
    ///     }]),
    /// );
    /// ```
    #[must_use]
    pub fn object_access(&self) -> ObjectAccess {
        ObjectAccess::new(&self.routes)
    }

    /// Likely mistakes in the routes.
    ///
    /// - A pattern matches no event that this version knows, and is probably
    ///   [misspelt](Self::unknown_events).
    /// - A route takes `ObjectCreated:Put` or `ObjectCreated:Copy`, and nothing takes
    ///   `ObjectCreated:CompleteMultipartUpload`, so that large files are missed.
    /// - A route takes `ObjectRemoved:Delete`, and nothing takes
    ///   `ObjectRemoved:DeleteMarkerCreated` or `LifecycleExpiration:*`, so that most deletions in
    ///   a versioned bucket are missed, or those by lifecycle rules. The same holds for
    ///   `LifecycleExpiration:Delete` without `LifecycleExpiration:DeleteMarkerCreated`.
    /// - A route takes `ObjectRemoved:Delete` or `LifecycleExpiration:Delete`, by name or by its
    ///   category. With a version id these are about one version, and do not mean that the object
    ///   is gone. A handler that takes [`Removal`](crate::event_data::Removal), or `Current` of
    ///   `s3-dispatch`, knows it, and gets no warning. Any other one that knows it
    ///   [declares](Route::distinguish_versions) that.
    /// - More specific routes take all events of a route.
    /// - Some keys match two routes, and neither is a special case of the other.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{Manifest, Routes};
    ///
    /// let routes = Routes::new(()).on_fn("ObjectCreated:*", || async {
    ///     Ok::<_, std::io::Error>(())
    /// });
    /// assert!(Manifest::new(&routes).warnings().is_empty());
    /// ```
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        warnings::of_routes(&self.routes)
    }

    /// The patterns that match no event that this version knows, with the nearest known one.
    ///
    /// Such a pattern is probably misspelt, and then its handler is never called. It may also be a
    /// newer event. A literal in `#[s3_handler]` or
    /// [`EventPattern::from_static`](crate::EventPattern::from_static) does not compile in that
    /// case, so this is about patterns that are parsed at run time, as in `on_fn`. These warnings
    /// are among [`warnings`](Self::warnings), and a dispatcher logs them when it starts.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Manifest, Route, Routes};
    ///
    /// let route = Route::new(EventPattern::parse("ObjectCreate:Put")?).with_name("index");
    /// let routes = Routes::new(()).on_fn(route, || async { Ok::<_, std::io::Error>(()) });
    ///
    /// assert_eq!(
    ///     Manifest::new(&routes).unknown_events()[0].to_string(),
    ///     "unknown event `ObjectCreate:Put` in index [ObjectCreate:Put]; \
    ///      did you mean `ObjectCreated:Put`?",
    /// );
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    #[must_use]
    pub fn unknown_events(&self) -> Vec<Warning> {
        warnings::unknown_events(&self.routes)
    }
}
