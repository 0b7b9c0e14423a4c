//! 100 routes: ten events times ten prefixes.

use s3_dispatch::handler::BoxFuture;
use s3_dispatch::{Context, EventPattern, Handler, Outcome, Route, Routes};

const EVENTS: [&str; 10] = [
    "ObjectRemoved:Delete",
    "ObjectRemoved:DeleteMarkerCreated",
    "ObjectRestore:Completed",
    "ObjectTagging:Put",
    "ObjectAcl:Put",
    "LifecycleExpiration:Delete",
    "ObjectCreated:Post",
    "ObjectCreated:Copy",
    "ObjectCreated:CompleteMultipartUpload",
    "ObjectCreated:Put",
];

/// The benchmarks' keys have the shortest prefix, which is tried last.
const PREFIXES: [&str; 10] = [
    "accounting/invoices/",
    "accounting/orders/",
    "backups/database/",
    "documents/signed/",
    "exports/monthly/",
    "logs/frontend/",
    "media/original/",
    "reports/weekly/",
    "thumbnails/",
    "uploads/",
];

struct Prefixed<const EVENT: usize, const PREFIX: usize>;

impl<const EVENT: usize, const PREFIX: usize> Handler<()> for Prefixed<EVENT, PREFIX> {
    fn route() -> Route {
        let pattern = EventPattern::parse(EVENTS[EVENT]).expect("the table has known names");
        Route::new(pattern)
            .with_name("prefixed")
            .with_prefix(PREFIXES[PREFIX])
    }

    fn handle<'r>(context: Context<'r, ()>) -> BoxFuture<'r, Outcome> {
        Box::pin(async move {
            super::read(context.record());
            Outcome::Handled
        })
    }
}

/// 100 routes. The last ones handle the records of the benchmarks.
#[must_use]
pub fn hundred_routes() -> Routes<()> {
    macro_rules! of_events {
        ($routes:expr, $($event:literal)*) => {{
            let routes = $routes;
            $(let routes = of_event::<$event>(routes);)*
            routes
        }};
    }

    of_events!(Routes::new(()), 0 1 2 3 4 5 6 7 8 9)
}

fn of_event<const EVENT: usize>(routes: Routes<()>) -> Routes<()> {
    routes
        .on::<Prefixed<EVENT, 0>>()
        .on::<Prefixed<EVENT, 1>>()
        .on::<Prefixed<EVENT, 2>>()
        .on::<Prefixed<EVENT, 3>>()
        .on::<Prefixed<EVENT, 4>>()
        .on::<Prefixed<EVENT, 5>>()
        .on::<Prefixed<EVENT, 6>>()
        .on::<Prefixed<EVENT, 7>>()
        .on::<Prefixed<EVENT, 8>>()
        .on::<Prefixed<EVENT, 9>>()
}
