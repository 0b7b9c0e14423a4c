//! The router that users build.

use std::cmp::Reverse;
use std::fmt;
use std::panic::Location;

use crate::event::Known;
use crate::handling::{BoxFuture, Handler, HandlerFn};
use crate::{
    Context, EventName, EventPattern, MessageContext, Outcome, Route, Router, S3EventRecord,
    SkipReason,
};

/// Handlers, their routes, and the state they share.
///
/// The most specific route takes a record: first an exact name before `Category:*` before `*`; then
/// a named bucket before any; then the longer prefix; then the longer suffix. What no route takes
/// is [skipped](SkipReason::Unrouted).
///
/// ```
/// use s3_dispatch_core::{ObjectKey, Routes, State};
///
/// let routes = Routes::new(String::from("seen"))
///     .on_fn("ObjectCreated:*", |key: ObjectKey, State(word): State<String>| async move {
///         println!("{word} {key:?}");
///         Ok::<_, std::io::Error>(())
///     });
/// ```
pub struct Routes<S> {
    state: S,
    routes: Vec<Route>,
    handlers: Vec<Box<dyn ErasedHandler<S>>>,
    /// One entry for each pattern of each route, most specific first.
    entries: Vec<Entry>,
    /// For each known name the entries that match it, in the same order: a record asks few routes,
    /// however many there are.
    by_name: Vec<Vec<Entry>>,
}

#[derive(Clone)]
struct Entry {
    pattern: EventPattern,
    /// The place in `routes` and `handlers`.
    index: usize,
}

trait ErasedHandler<S>: Send + Sync {
    fn call<'r>(&'r self, context: Context<'r, S>) -> BoxFuture<'r, Outcome>;
}

impl<S> Routes<S> {
    /// Routes without any handler yet, over the state that [`State`](crate::State) arguments are
    /// taken from.
    pub fn new(state: S) -> Self {
        let by_name = vec![Vec::new(); Known::ALL.len()];
        Self {
            state,
            routes: Vec::new(),
            handlers: Vec::new(),
            entries: Vec::new(),
            by_name,
        }
    }

    /// Adds a handler: a function with `#[s3_handler]`, or a type that implements [`Handler`].
    ///
    /// # Panics
    ///
    /// When another route could claim the same record with equal right; the message names both.
    #[must_use]
    #[track_caller]
    pub fn on<H: Handler<S>>(self) -> Self {
        struct ByType<H>(std::marker::PhantomData<fn() -> H>);

        impl<S, H: Handler<S>> ErasedHandler<S> for ByType<H> {
            fn call<'r>(&'r self, context: Context<'r, S>) -> BoxFuture<'r, Outcome> {
                H::handle(context)
            }
        }

        self.add(H::route(), Box::new(ByType::<H>(std::marker::PhantomData)))
    }

    /// Adds a closure or function of owned arguments, for a pattern or a [`Route`].
    ///
    /// # Panics
    ///
    /// When the pattern is not well formed, and like [`on`](Self::on).
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

        self.add(route, Box::new(ByValue(function, std::marker::PhantomData)))
    }

    #[track_caller]
    fn add(mut self, route: Route, handler: Box<dyn ErasedHandler<S>>) -> Self {
        let rival = self
            .routes
            .iter()
            .find(|other| claims_equally(other, &route));
        if let Some(rival) = rival {
            panic!("two routes claim the same records with equal right: {rival} and {route}");
        }

        let index = self.routes.len();
        self.routes.push(route);
        self.handlers.push(handler);
        let routes = &self.routes;

        for pattern in routes[index].patterns() {
            let entry = Entry {
                pattern: pattern.clone(),
                index,
            };
            for (known, entries) in Known::ALL.iter().zip(&mut self.by_name) {
                if pattern.matches(&EventName::of_known(*known)) {
                    insert(entries, entry.clone(), routes);
                }
            }

            insert(&mut self.entries, entry, routes);
        }

        self
    }

    fn find(&self, record: &S3EventRecord) -> Option<&dyn ErasedHandler<S>> {
        let entries = match record.event_name.as_known() {
            Some(known) => &self.by_name[known as usize],
            None => &self.entries,
        };
        let entry = entries.iter().find(|entry| {
            self.routes[entry.index].filters_match(record)
                && entry.pattern.matches(&record.event_name)
        })?;

        Some(&*self.handlers[entry.index])
    }
}

/// Keeps the most specific first; of equals, which no record can tell apart, the older.
fn insert(entries: &mut Vec<Entry>, entry: Entry, routes: &[Route]) {
    let rank = |entry: &Entry| Reverse(routes[entry.index].specificity(&entry.pattern));
    let place = entries.partition_point(|other| rank(other) <= rank(&entry));
    entries.insert(place, entry);
}

/// Two prefixes of one key that are equally long are equal, and so are two suffixes: only equal
/// filters tie.
fn claims_equally(left: &Route, right: &Route) -> bool {
    left.filters() == right.filters()
        && left
            .patterns()
            .iter()
            .any(|pattern| right.patterns().contains(pattern))
}

/// Written out instead of `#[async_trait]`, so that the handler's own box is returned.
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
        match self.find(record) {
            Some(handler) => handler.call(Context::new(record, message, &self.state)),
            None => Box::pin(std::future::ready(Outcome::Skipped(SkipReason::Unrouted))),
        }
    }

    fn routes(&self) -> &[Route] {
        &self.routes
    }
}

impl<S> fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
