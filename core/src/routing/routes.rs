//! The router that users build.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

use crate::event::Known;
use crate::handling::{BoxFuture, Handler, HandlerFn};
use crate::routing::prepared::Prepared;
use crate::routing::{Selection, loops};
use crate::{
    Context, Error, EventName, EventPattern, HandlerError, MessageContext, Outcome, Route, Router,
    S3EventRecord, SkipReason,
};

/// Handlers with their routes, and the state that they share.
///
/// # Which route takes a record
///
/// The most specific of the routes that match:
///
/// 1. An exact name before `Category:*`, and that before `*`.
/// 2. A route with a bucket before one without.
/// 3. The longer prefix, then the longer suffix. Of a list, the entry counts that the key has, and
///    of a pattern of keys, the text before its first and behind its last part.
///
/// The order in which routes were added does not matter. Two equally specific routes for the same
/// records are a mistake, and adding the second one panics. Routes whose patterns of keys have no
/// key in common, such as `{tenant}/photos/{file}` and `{tenant}/videos/{file}`, are fine. A record
/// that no route matches is skipped as [`SkipReason::Unrouted`].
///
/// # Handlers that call themselves
///
/// A handler that writes where it, or another handler of the program, takes events from may set off
/// itself. If the routes declare what their handlers [write](Route::writes) and
/// [delete](Route::deletes), adding a route that closes such a loop panics. A chain is fine: one
/// handler writes `stage1/`, and another takes it and writes `stage2/`. If a loop is intended,
/// [`skip_own_writes`](Route::skip_own_writes) on one of its routes opens it.
///
/// Events of tags, access control lists and annotations are not part of this, and neither are two
/// programs that write for each other. What is written to a bucket that the route names as
/// `s3://bucket/` is taken by routes that name this bucket.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::{ObjectKey, Routes, State};
///
/// let routes = Routes::new(String::from("new:"))
///     .on_fn("ObjectCreated:*", |key: ObjectKey, State(word): State<String>| async move {
///         println!("{word} {key:?}");
///         Ok::<_, std::io::Error>(())
///     });
/// ```
pub struct Routes<S> {
    state: Prepared<S>,
    routes: Vec<Route>,
    /// The selections of each route.
    selections: Vec<Vec<Selection>>,
    handlers: Vec<Box<dyn ErasedHandler<S>>>,
    /// One entry for each pattern and each selection of each route, the most specific first.
    entries: Vec<Entry>,
    /// For each known name the entries that match it, in the same order. So a record is compared
    /// with only a few of the routes.
    by_name: Vec<Vec<Entry>>,
}

#[derive(Clone)]
struct Entry {
    /// Whether it takes every bucket and every key.
    is_open: bool,
    skips_own_writes: bool,
    bucket: Option<Cow<'static, str>>,
    selection: Selection,
    pattern: EventPattern,
    /// The index in `routes` and `handlers`.
    index: usize,
}

trait ErasedHandler<S>: Send + Sync {
    fn call<'r>(&'r self, context: Context<'r, S>) -> BoxFuture<'r, Outcome>;
}

impl<S> Routes<S> {
    /// Creates routes without handlers, with the state that [`State`](crate::State) arguments are
    /// taken from.
    ///
    /// Use `()` if the handlers need no state. If the state has to be read, connected or opened
    /// first, use [`prepared_by`](Self::prepared_by).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{Router, Routes};
    ///
    /// let routes = Routes::new(());
    /// assert!(routes.routes().is_empty());
    /// ```
    pub fn new(state: S) -> Self {
        Self::with_state(Prepared::new(state))
    }

    /// Creates routes without handlers, with a state that an async function makes when the program
    /// begins to process records.
    ///
    /// Nothing is made while the routes are built, so that commands which process no records, such
    /// as `--help` and `policy`, need no settings, files or connections. In Lambda, the function
    /// runs before the first invocation. If it fails there, Lambda's logs have the error with all
    /// of its causes, and the process ends.
    ///
    /// # When the function runs
    ///
    /// - [`Router::prepare`] calls it. A record that is routed earlier calls it too, so that tests
    ///   need no extra step.
    /// - Once it has succeeded, it never runs again. If it is needed by several records at the same
    ///   time, one of them runs it and the others wait.
    /// - If it fails, panics or is dropped before its end, the next one that needs the state calls
    ///   it again. Its failure is a failure of the record, which is
    ///   [worth a retry](HandlerError::retry).
    /// - It must not use this router, such as for a first record: it would wait for itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Error;
    ///
    /// use s3_dispatch_core::{ObjectKey, Router, Routes, State};
    ///
    /// #[derive(Clone)]
    /// struct Index;
    ///
    /// impl Index {
    ///     async fn open() -> Result<Self, Error> {
    ///         Ok(Index)
    ///     }
    /// }
    ///
    /// let routes = Routes::prepared_by(Index::open)
    ///     .on_fn("ObjectCreated:*", async |key: ObjectKey, State(_index): State<Index>| {
    ///         println!("index {key:?}");
    ///         Ok::<_, Error>(())
    ///     });
    /// assert_eq!(routes.routes().len(), 1);
    /// ```
    ///
    /// A closure can pass settings on. It may be called again after a failure, so it clones them:
    ///
    /// ```
    /// # use std::io::Error;
    /// # use s3_dispatch_core::Routes;
    /// # struct Index;
    /// # impl Index { async fn open_in(_: String) -> Result<Self, Error> { Ok(Index) } }
    /// let folder = String::from("/mnt/index");
    /// let routes = Routes::prepared_by(move || Index::open_in(folder.clone()));
    /// ```
    pub fn prepared_by<F, Fut, E>(make: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<S, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        Self::with_state(Prepared::made_by(make))
    }

    fn with_state(state: Prepared<S>) -> Self {
        let by_name = vec![Vec::new(); Known::ALL.len()];
        Self {
            state,
            routes: Vec::new(),
            selections: Vec::new(),
            handlers: Vec::new(),
            entries: Vec::new(),
            by_name,
        }
    }

    /// Adds a handler: a function with `#[s3_handler]`, or a type that implements [`Handler`].
    ///
    /// # Panics
    ///
    /// - If another route matches the same records and is equally specific. The message names both.
    /// - If handlers would call each other without end: this one takes what it
    ///   [writes](Route::writes) or [deletes](Route::deletes) itself, or what comes from that
    ///   through others. The message names all of them.
    /// - If the route has a [mistake](Route::check).
    /// - If an argument cannot be made from the records of the route, such as a [`Key`](crate::Key)
    ///   whose fields are not in its pattern.
    ///
    /// # Examples
    ///
    /// A function with `#[s3_handler]` is added by its name, as in `.on::<index_upload>()`. A type
    /// that implements the trait is added in the same way:
    ///
    /// ```
    /// use s3_dispatch_core::handler::BoxFuture;
    /// use s3_dispatch_core::{Context, EventPattern, Handler, Outcome, Route, Router, Routes};
    ///
    /// struct Audit;
    ///
    /// impl<S: Sync> Handler<S> for Audit {
    ///     fn route() -> Route {
    ///         Route::new(EventPattern::ANY).with_name("audit")
    ///     }
    ///
    ///     fn handle<'r>(context: Context<'r, S>) -> BoxFuture<'r, Outcome> {
    ///         Box::pin(async move {
    ///             println!("{}", context.record().event_name);
    ///             Outcome::Handled
    ///         })
    ///     }
    /// }
    ///
    /// let routes = Routes::new(()).on::<Audit>();
    /// assert_eq!(routes.routes()[0].to_string(), "audit [*]");
    /// ```
    #[must_use]
    #[track_caller]
    // The compiler shows this line to those who write `.on(handler)`, with its comment.
    #[rustfmt::skip]
    pub fn on<H: Handler<S>>(self) -> Self { // a handler is a type: write `.on::<handler>()`
        struct ByType<H>(std::marker::PhantomData<fn() -> H>);

        impl<S, H: Handler<S>> ErasedHandler<S> for ByType<H> {
            fn call<'r>(&'r self, context: Context<'r, S>) -> BoxFuture<'r, Outcome> {
                H::handle(context)
            }
        }

        let route = H::route();
        let handler = Box::new(ByType::<H>(std::marker::PhantomData));
        self.add(H::check(&route), route, handler)
    }

    /// Adds a closure or a function with owned arguments, for a pattern or a [`Route`].
    ///
    /// A text is read by [`EventPattern::parse`], so unknown names are accepted. Without a name the
    /// route is named after the place of this call: `function at src/main.rs:12:10`.
    ///
    /// # Panics
    ///
    /// Panics if the text is not a pattern, and for the same reason as [`on`](Self::on).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, ObjectKey, Route, Routes};
    ///
    /// let thumbnails = Route::new(EventPattern::from_static("ObjectCreated:*"))
    ///     .with_name("thumbnails")
    ///     .with_suffix(".jpg");
    ///
    /// let routes = Routes::new(())
    ///     .on_fn(thumbnails, |key: ObjectKey| async move {
    ///         println!("resize {key:?}");
    ///         Ok::<_, std::io::Error>(())
    ///     })
    ///     .on_fn("ObjectRemoved:*", || async { Ok::<_, std::io::Error>(()) });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn on_fn<F, Arguments>(
        self,
        route: impl TryInto<Route, Error: fmt::Display>,
        function: F,
    ) -> Self
    where
        S: 'static,
        F: HandlerFn<S, Arguments>,
        Arguments: 'static,
    {
        struct ByValue<F, Arguments>(F, std::marker::PhantomData<fn() -> Arguments>);

        impl<S, Arguments, F: HandlerFn<S, Arguments>> ErasedHandler<S> for ByValue<F, Arguments> {
            fn call<'r>(&'r self, context: Context<'r, S>) -> BoxFuture<'r, Outcome> {
                self.0.call(context)
            }
        }

        let mut route = match route.try_into() {
            Ok(route) => route,
            Err(error) => panic!("{error}"),
        };
        if route.name() == "unnamed" {
            route = route.with_name(format!("function at {}", Location::caller()));
        }
        if F::DISTINGUISHES_VERSIONS {
            route = route.distinguish_versions();
        }

        let handler = Box::new(ByValue(function, std::marker::PhantomData));
        self.add(F::check(&route), route, handler)
    }

    #[track_caller]
    fn add(
        mut self,
        arguments: Result<(), Error>,
        route: Route,
        handler: Box<dyn ErasedHandler<S>>,
    ) -> Self {
        if let Err(error) = route.check().and(arguments) {
            panic!("{error}");
        }

        let selections = route.selections();
        let rival = self
            .routes
            .iter()
            .zip(&self.selections)
            .find(|(other, theirs)| route.conflicts(&selections, other, theirs));
        if let Some((rival, _)) = rival {
            panic!("two equally specific routes match the same records: {rival} and {route}");
        }

        let index = self.routes.len();
        self.routes.push(route);
        self.handlers.push(handler);

        for pattern in self.routes[index].patterns() {
            for selection in &selections {
                let bucket = self.routes[index].bucket().map(str::to_owned);
                let entry = Entry {
                    is_open: bucket.is_none() && selection.is_open(),
                    skips_own_writes: self.routes[index].skips_own_writes(),
                    bucket: bucket.map(Cow::Owned),
                    selection: selection.clone(),
                    pattern: pattern.clone(),
                    index,
                };
                for (known, entries) in Known::ALL.iter().zip(&mut self.by_name) {
                    if pattern.matches(&EventName::of_known(*known)) {
                        insert(entries, entry.clone(), &self.routes);
                    }
                }

                insert(&mut self.entries, entry, &self.routes);
            }
        }

        self.selections.push(selections);
        if let Some(description) = loops::through_last(&self.routes, &self.selections) {
            panic!("{description}");
        }

        self
    }

    /// The entry that takes the record.
    fn find(&self, record: &S3EventRecord) -> Option<&Entry> {
        let key = record.object.key.as_str();

        match record.event_name.as_known() {
            // All of these patterns match the name.
            Some(known) => self.by_name[known as usize]
                .iter()
                .find(|entry| entry.filters_match(key, record)),
            None => self.entries.iter().find(|entry| {
                entry.filters_match(key, record) && entry.pattern.matches(&record.event_name)
            }),
        }
    }
}

impl Entry {
    #[inline]
    fn filters_match(&self, key: &str, record: &S3EventRecord) -> bool {
        self.is_open
            || (self
                .bucket
                .as_deref()
                .is_none_or(|bucket| record.bucket.name == *bucket)
                && self.selection.matches(key, record))
    }
}

/// Keeps the most specific entry first. Equally specific entries stay in the order in which they
/// were added. That order does not matter for any record.
fn insert(entries: &mut Vec<Entry>, entry: Entry, routes: &[Route]) {
    let rank = |entry: &Entry| {
        let route = &routes[entry.index];
        Reverse(route.specificity(&entry.pattern, &entry.selection))
    };
    let place = entries.partition_point(|other| rank(other) <= rank(&entry));

    entries.insert(place, entry);
}

/// Written without `#[async_trait]`, so that the handler's box is returned and not boxed again.
impl<S: Send + Sync + 'static> Router for Routes<S> {
    fn route<'s, 'r, 'm, 'f>(
        &'s self,
        record: &'r S3EventRecord,
        message: &'m MessageContext,
    ) -> BoxFuture<'f, Outcome>
    where
        's: 'f,
        'r: 'f,
        'm: 'f,
        Self: 'f,
    {
        let Some(entry) = self.find(record) else {
            return Box::pin(std::future::ready(Outcome::Skipped(SkipReason::Unrouted)));
        };
        if entry.skips_own_writes && message.is_own(record) {
            return Box::pin(std::future::ready(Outcome::Skipped(SkipReason::OwnWrite)));
        }
        let (handler, route) = (&self.handlers[entry.index], &self.routes[entry.index]);

        let running: BoxFuture<'f, Outcome> = match self.state.get() {
            Some(state) => handler.call(Context::new(record, message, state).with_route(route)),
            None => Box::pin(async move {
                match self.state.get_or_make().await {
                    Ok(state) => {
                        let context = Context::new(record, message, state);
                        handler.call(context.with_route(route)).await
                    }
                    Err(error) => Outcome::Failed(HandlerError::retry(error)),
                }
            }),
        };

        if entry.skips_own_writes && message.own_function().is_some() {
            return Box::pin(async { keep_superseded(running.await) });
        }
        running
    }

    fn routes(&self) -> &[Route] {
        &self.routes
    }

    fn prepare<'s, 'f>(&'s self) -> BoxFuture<'f, Result<(), Box<dyn StdError + Send + Sync>>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async {
            self.state.get_or_make().await?;
            Ok(())
        })
    }
}

/// Fails what a route with `skip_own_writes` skips because its object has been overwritten.
///
/// Elsewhere the later event tells of the new content. Here the write may be the handler's own, in
/// an attempt that did not come to its end, and then its event is skipped too.
fn keep_superseded(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Skipped(SkipReason::Superseded) => Outcome::Failed(HandlerError::permanent(
            "the object has been overwritten, perhaps by this function, whose events are skipped",
        )),
        outcome => outcome,
    }
}

impl<S> fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
