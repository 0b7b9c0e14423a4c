//! How a route declares what its handler does to buckets.

use std::borrow::Cow;

use super::effects::Place;
use super::route::Route;

/// # What the handler does
///
/// A route can say what its handler does to buckets. From that, [`Manifest`](crate::Manifest)
/// derives the permissions that the program needs, and [`Routes`](crate::Routes) refuses handlers
/// that would call each other without end. Nothing is forbidden at run time: a handler that says
/// nothing can do everything that its permissions allow.
impl Route {
    /// Declares that the handler reads the objects that its events are about.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    ///
    /// let route = Route::new(EventPattern::from_static("ObjectCreated:*")).reads();
    /// assert!(route.reads_objects());
    /// ```
    #[must_use]
    pub fn reads(mut self) -> Self {
        self.effects.reads = true;
        self
    }

    /// Declares that the handler writes objects whose keys start with this prefix.
    ///
    /// They are in the bucket of the event. `s3://bucket/prefix` is in another bucket, and
    /// `s3://bucket` is all of it. Each call adds a prefix.
    ///
    /// An empty prefix, and one that another one covers, are [mistakes](Self::check).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    ///
    /// let route = Route::new(EventPattern::from_static("ObjectCreated:*"))
    ///     .with_prefix("photos/")
    ///     .reads()
    ///     .writes("thumbnails/")
    ///     .writes("s3://amzn-s3-demo-archive/photos/");
    ///
    /// let written: Vec<_> = route.written().collect();
    /// assert_eq!(written, ["thumbnails/", "s3://amzn-s3-demo-archive/photos/"]);
    /// ```
    #[must_use]
    pub fn writes(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.effects.writes.push(Place::new(prefix.into()));
        self
    }

    /// Declares that the handler deletes objects whose keys start with this prefix.
    ///
    /// Buckets and mistakes are as in [`writes`](Self::writes).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    ///
    /// let route = Route::new(EventPattern::from_static("ObjectRemoved:*"))
    ///     .with_prefix("photos/")
    ///     .deletes("thumbnails/");
    /// assert_eq!(route.deleted().collect::<Vec<_>>(), ["thumbnails/"]);
    /// ```
    #[must_use]
    pub fn deletes(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.effects.deletes.push(Place::new(prefix.into()));
        self
    }

    /// Declares that the handler deletes the objects that its events are about.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    ///
    /// let route = Route::new(EventPattern::from_static("ObjectCreated:*")).deletes_taken();
    /// assert!(route.deletes_taken_objects());
    /// ```
    #[must_use]
    pub fn deletes_taken(mut self) -> Self {
        self.effects.deletes_taken = true;
        self
    }

    /// Skips events that this very function caused, as
    /// [`SkipReason::OwnWrite`](crate::SkipReason::OwnWrite).
    ///
    /// It is for a handler that takes what it writes, or what comes from that through other
    /// handlers. [`Routes`](crate::Routes) refuses those without it. In Lambda, the dispatcher
    /// knows the own writes by the principal of the event, which ends in the name of the function.
    /// It does not know them elsewhere, so there the handler must end such a loop itself. The same
    /// goes for events that come through EventBridge: they name the account that wrote, not the
    /// function.
    ///
    /// Write last. If a handler overwrites its object and then fails, the object that the event
    /// announced is gone when the event comes again, and the event of the write is skipped. So on
    /// such a route a record whose object has been overwritten
    /// ([`SkipReason::Superseded`](crate::SkipReason::Superseded)) is not skipped in Lambda: it
    /// fails for good, even if an earlier delivery was handled. [`Deduplicated`] keeps such
    /// duplicates away.
    ///
    /// [`Deduplicated`]: https://docs.rs/s3-dispatch/latest/s3_dispatch/struct.Deduplicated.html
    ///
    /// Each route says it for itself. On the others, no event is skipped, because what one handler
    /// wrote may be what another one of the same program waits for.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    ///
    /// // It writes what it takes, in a better form. That is no new work.
    /// let route = Route::new(EventPattern::from_static("ObjectCreated:*"))
    ///     .with_prefix("photos/")
    ///     .reads()
    ///     .writes("photos/")
    ///     .skip_own_writes();
    /// assert!(route.skips_own_writes());
    /// ```
    #[must_use]
    pub fn skip_own_writes(mut self) -> Self {
        self.effects.skips_own_writes = true;
        self
    }

    /// Declares that the handler does not take the removal of one version for that of the object.
    ///
    /// [`Manifest::warnings`](crate::Manifest::warnings) says nothing about that then. A handler
    /// with an [argument](crate::FromRecord::DISTINGUISHES_VERSIONS) that tells the two apart, such
    /// as [`Removal`](crate::event_data::Removal), need not declare it.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::event_data::Removal;
    /// use s3_dispatch_core::{EventPattern, Manifest, ObjectRemoved, Route, Routes};
    ///
    /// async fn forget(object: ObjectRemoved) -> Result<(), std::io::Error> {
    ///     match object.removal() {
    ///         Removal::Version { .. } => println!("look at {:?}", object.key),
    ///         _ => println!("forget {:?}", object.key),
    ///     }
    ///     Ok(())
    /// }
    ///
    /// let route = Route::new(EventPattern::from_static("ObjectRemoved:*"));
    /// let is_about_versions = |route: Route| {
    ///     let warnings = Manifest::new(&Routes::new(()).on_fn(route, forget)).warnings();
    ///     warnings.iter().any(|warning| warning.to_string().contains("a version id"))
    /// };
    ///
    /// assert!(is_about_versions(route.clone()));
    /// assert!(!is_about_versions(route.distinguish_versions()));
    /// ```
    #[must_use]
    pub fn distinguish_versions(mut self) -> Self {
        self.effects.distinguishes_versions = true;
        self
    }

    /// Whether the handler [reads](Self::reads) the objects of its events.
    #[must_use]
    pub fn reads_objects(&self) -> bool {
        self.effects.reads
    }

    /// Where the handler [writes](Self::writes), in the order in which it was declared.
    pub fn written(&self) -> impl Iterator<Item = &str> {
        self.effects.writes.iter().map(Place::as_str)
    }

    /// Where the handler [deletes](Self::deletes), in the order in which it was declared.
    pub fn deleted(&self) -> impl Iterator<Item = &str> {
        self.effects.deletes.iter().map(Place::as_str)
    }

    /// The buckets other than that of the event in which the handler [writes](Self::writes) or
    /// [deletes](Self::deletes), as often as it was declared.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    ///
    /// let route = Route::new(EventPattern::from_static("ObjectCreated:*"))
    ///     .writes("thumbnails/")
    ///     .writes("s3://amzn-s3-demo-archive/photos/");
    /// assert_eq!(route.other_buckets().collect::<Vec<_>>(), ["amzn-s3-demo-archive"]);
    /// ```
    pub fn other_buckets(&self) -> impl Iterator<Item = &str> {
        let places = self.effects.writes.iter().chain(&self.effects.deletes);
        places.filter_map(Place::bucket)
    }

    /// Whether the handler [deletes](Self::deletes_taken) the objects of its events.
    #[must_use]
    pub fn deletes_taken_objects(&self) -> bool {
        self.effects.deletes_taken
    }

    /// Whether the route [skips](Self::skip_own_writes) events that the function itself caused.
    #[must_use]
    pub fn skips_own_writes(&self) -> bool {
        self.effects.skips_own_writes
    }

    /// Whether the handler [distinguishes versions](Self::distinguish_versions).
    #[must_use]
    pub fn distinguishes_versions(&self) -> bool {
        self.effects.distinguishes_versions
    }

    pub(crate) fn writes_places(&self) -> &[Place] {
        &self.effects.writes
    }

    pub(crate) fn deletes_places(&self) -> &[Place] {
        &self.effects.deletes
    }
}
