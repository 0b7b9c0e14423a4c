//! Properties of the filters of all routes: a filter lets every event through that the router
//! would handle.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{
    ErrorKind, EventName, EventPattern, Manifest, MessageContext, Notification, Outcome, Route,
    Routes, S3EventRecord,
};
use s3_dispatch_testing::{
    EventBridgeRule, FilterErrorKind, NotificationBuilder, RecordBuilder, SnsBatchBuilder,
    SnsFilterPolicy, SnsMessageBuilder, SqsBatchBuilder,
};
use serde_json::{Value, json};

const BUCKETS: [&str; 3] = ["alpha", "beta", "gamma"];

/// Names that S3 may add, in a known category and in an unknown one.
const FUTURE: [&str; 4] = [
    "ObjectCreated:Teleport",
    "ObjectFrozen:Put",
    "ObjectFrozen",
    "IntelligentTiering:Archive",
];

/// Characters that encodings treat differently, the digits of escapes, and any other character.
fn character() -> impl Strategy<Value = char> {
    prop_oneof![
        4 => select("ab/.".chars().collect::<Vec<_>>()),
        3 => select("+%/*~()'! \"\\?&=".chars().collect::<Vec<_>>()),
        2 => select("0123456789ABCDEFabcdef".chars().collect::<Vec<_>>()),
        2 => select(vec![
            'é', 'ü', '日', '😀', '\u{301}', '\u{0}', '\n', '\u{7f}', '\u{ffff}',
        ]),
        1 => any::<char>(),
    ]
}

fn text(lengths: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    proptest::collection::vec(character(), lengths).prop_map(String::from_iter)
}

fn pattern() -> impl Strategy<Value = EventPattern> {
    let known = || select(EventName::KNOWN).prop_map(|name| name.to_string());
    prop_oneof![
        6 => known(),
        4 => known().prop_map(|name| format!("{}:*", EventName::parse(&name).category())),
        1 => Just(String::from("*")),
        1 => select(&FUTURE[..]).prop_map(String::from),
        1 => Just(String::from("ObjectFrozen:*")),
    ]
    .prop_map(|pattern| EventPattern::parse(&pattern).unwrap())
}

/// Takes the parts of keys from a few texts, so that routes share, extend and cross them.
fn route(parts: Vec<String>, is_simple: bool) -> impl Strategy<Value = Route> {
    let part = |parts: &[String]| {
        let parts = parts.to_vec();
        any::<Index>().prop_map(move |index| index.get(&parts).clone())
    };
    let filter = || {
        let (parts, others) = (parts.clone(), parts.clone());
        let one = any::<Index>().prop_map(move |index| vec![index.get(&parts).clone()]);
        let two = any::<[Index; 2]>()
            .prop_map(move |indexes| indexes.map(|index| index.get(&others).clone()).to_vec());
        let lists = if is_simple { 0 } else { 1 };
        prop_oneof![3 => Just(Vec::new()), 2 => one, lists => two]
    };

    let key = (part(&parts), part(&parts), part(&parts), 0..7_u8).prop_map(key_pattern);
    let keys = if is_simple { 0 } else { 1 };
    let key = prop_oneof![3 => Just(None), keys => key.prop_map(Some)];
    let flags = (any::<bool>(), proptest::bool::weighted(0.2));
    let flags = flags.prop_map(move |(case, folders)| (case && !is_simple, folders && !is_simple));

    let bucket = prop_oneof![2 => Just(None), 1 => select(&BUCKETS[..2]).prop_map(Some)];
    let patterns = prop_oneof![3 => 1..2_usize, 1 => 2..4_usize];
    let patterns = patterns.prop_flat_map(|count| proptest::collection::vec(pattern(), count));

    (patterns, bucket, filter(), filter(), key, flags).prop_map(
        |(patterns, bucket, prefixes, suffixes, key, (ignores_case, no_folders))| {
            let filters = Filters {
                bucket: bucket.map(str::to_owned),
                prefixes,
                suffixes,
                ignores_case,
                no_folders,
                key,
            };
            let route = filters.route(&patterns);
            if route.check().is_ok() {
                return route;
            }

            // Most mistakes are in lists and in patterns that contradict them.
            let simpler = Filters {
                prefixes: filters.prefixes.into_iter().take(1).collect(),
                suffixes: Vec::new(),
                key: None,
                ..filters
            };
            simpler.route(&patterns)
        },
    )
}

/// A pattern with some of the texts, in one of a few forms.
fn key_pattern((first, second, third, form): (String, String, String, u8)) -> String {
    let escaped = |text: String| text.replace('{', "{{").replace('}', "}}");
    let (first, second, third) = (escaped(first), escaped(second), escaped(third));
    match form {
        0 => format!("{first}{{a}}"),
        1 => format!("{first}{{a}}{second}{{b}}{third}"),
        2 => format!("{{a}}{first}{{b}}{second}{{c}}{third}{{d}}{first}{{e}}"),
        3 => format!("{first}{{a}}{second}{{rest*}}"),
        4 => format!("{first}{second}"),
        5 => format!("{{a}}{first}"),
        _ => format!("{first}/{{a}}/{second}{{b}}/{third}"),
    }
}

/// The filters of a route.
#[derive(Clone, PartialEq)]
struct Filters {
    bucket: Option<String>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    ignores_case: bool,
    no_folders: bool,
    key: Option<String>,
}

impl Filters {
    fn of(route: &Route) -> Self {
        Self {
            bucket: route.bucket().map(str::to_owned),
            prefixes: route.prefixes().iter().map(ToString::to_string).collect(),
            suffixes: route.suffixes().iter().map(ToString::to_string).collect(),
            ignores_case: route.ignores_suffix_case(),
            no_folders: route.has_no_folders(),
            key: route.key().map(str::to_owned),
        }
    }

    fn route(&self, patterns: &[EventPattern]) -> Route {
        let route = Route::new(patterns[0].clone());
        let mut route = patterns[1..]
            .iter()
            .cloned()
            .fold(route, Route::with_pattern);

        if let Some(bucket) = &self.bucket {
            route = route.with_bucket(bucket.clone());
        }
        if !self.prefixes.is_empty() {
            route = route.with_prefixes(self.prefixes.clone());
        }
        if !self.suffixes.is_empty() {
            route = route.with_suffixes(self.suffixes.clone());
            if self.ignores_case {
                route = route.ignore_suffix_case();
            }
        }
        if self.no_folders {
            route = route.no_folders();
        }
        match &self.key {
            Some(key) => route.with_key(key.clone()),
            None => route,
        }
    }
}

fn router(routes: &[Route]) -> Routes<()> {
    routes
        .iter()
        .enumerate()
        .fold(Routes::new(()), |routes, (index, route)| {
            routes.on_fn(
                route.clone().with_name(format!("handler-{index}")),
                move || async move { Err::<(), _>(index.to_string()) },
            )
        })
}

fn with_filters_of(filters: &Route, patterns: &[EventPattern]) -> Route {
    Filters::of(filters).route(patterns)
}

/// Routes that do not conflict.
fn routes(parts: Vec<String>, is_simple: bool) -> impl Strategy<Value = Vec<Route>> {
    let count = prop_oneof![3 => 1..3_usize, 1 => 3..7_usize];
    let routes = count.prop_flat_map(move |count| {
        proptest::collection::vec(route(parts.clone(), is_simple), count)
    });
    // Some sets differ in one field or in none. Their filters can be exact.
    let varied = prop_oneof![3 => Just(None), 2 => Just(Some(true)), 1 => Just(Some(false))];

    (routes, varied).prop_map(|(mut routes, varied)| {
        let first = routes[0].clone();
        for route in &mut routes[1..] {
            match varied {
                Some(true) => *route = with_filters_of(&first, route.patterns()),
                Some(false) => *route = with_filters_of(route, first.patterns()),
                None => {}
            }
        }

        routes.into_iter().fold(Vec::new(), |mut kept, route| {
            let shares_a_pattern = |other: &Route| {
                other
                    .patterns()
                    .iter()
                    .any(|one| route.patterns().contains(one))
            };

            // Finds most conflicts without the cost of a panic.
            if !kept
                .iter()
                .any(|other| Filters::of(other) == Filters::of(&route) && shares_a_pattern(other))
            {
                kept.push(route);
                if catch_unwind(AssertUnwindSafe(|| router(&kept))).is_err() {
                    kept.pop();
                }
            }

            kept
        })
    })
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) routes: Vec<Route>,
    pub(crate) records: Vec<RecordBuilder>,
}

impl World {
    fn router(&self) -> Routes<()> {
        router(&self.routes)
    }

    fn body(&self) -> String {
        self.records
            .iter()
            .cloned()
            .fold(NotificationBuilder::new(), NotificationBuilder::with_record)
            .to_json()
    }
}

/// The name of an event that some route takes, or any name.
fn event(pattern: &EventPattern, any: EventName, fits: bool) -> EventName {
    let fitting = || {
        EventName::KNOWN
            .iter()
            .find(|name| pattern.matches(name))
            .cloned()
    };

    match pattern.as_name() {
        _ if !fits || pattern.matches(&any) => any,
        Some(name) => name.clone(),
        None => fitting().unwrap_or(any),
    }
}

fn record(routes: Vec<Route>) -> impl Strategy<Value = RecordBuilder> {
    let name = prop_oneof![
        8 => select(EventName::KNOWN),
        1 => select(&FUTURE[..]).prop_map(EventName::parse),
    ];
    let fits = || proptest::bool::weighted(0.8);

    let choices = (
        any::<Index>(),
        any::<Index>(),
        fits(),
        fits(),
        fits(),
        0..8_u8,
    );

    (choices, name, select(&BUCKETS[..]), text(0..6)).prop_map(
        move |(
            (route, pattern, event_fits, bucket_fits, prefix_fits, ending),
            name,
            bucket,
            middle,
        )| {
            let route = route.get(&routes);
            let event = event(pattern.get(route.patterns()), name, event_fits);

            let entry = |entries: &[Cow<'static, str>]| {
                let index = middle.len() % entries.len().max(1);
                entries
                    .get(index)
                    .map(ToString::to_string)
                    .unwrap_or_default()
            };
            let prefix = &*if prefix_fits {
                entry(route.prefixes())
            } else {
                String::new()
            };

            let suffix = &*match (entry(route.suffixes()), ending) {
                (suffix, 4 | 5) if route.ignores_suffix_case() => suffix.to_ascii_uppercase(),
                (suffix, _) => suffix,
            };

            let suffix = match ending {
                0 => String::new(),
                1 | 2 => within_escape(suffix),
                _ => suffix.to_owned(),
            };

            let mut key = match ending {
                3 => overlapped(prefix, &suffix),
                _ => format!("{prefix}{middle}{suffix}"),
            };

            if let Some(pattern) = route.key().filter(|_| prefix_fits) {
                key = filled(pattern, prefix, &middle);
            }

            if ending == 6 {
                key.push('/');
            }

            if key.is_empty() {
                key.push('k');
            }

            let bucket = route.bucket().filter(|_| bucket_fits).unwrap_or(bucket);
            let record = RecordBuilder::new(event).with_bucket(bucket).with_key(key);
            if ending == 6 {
                record.with_size(0)
            } else {
                record
            }
        },
    )
}

/// A key that fits the pattern, if the value has no `/`. The value of the first part begins with
/// what the prefix has behind the literal start of the pattern.
fn filled(pattern: &str, prefix: &str, value: &str) -> String {
    let mut key = String::new();
    let mut rest = pattern;

    while let Some(brace) = rest.find(['{', '}']) {
        key.push_str(&rest[..brace]);
        let is_doubled = rest[brace + 1..].starts_with(&rest[brace..=brace]);
        if is_doubled {
            key.push_str(&rest[brace..=brace]);
            rest = &rest[brace + 2..];
            continue;
        }

        let end = brace + rest[brace..].find('}').unwrap();
        key.push_str(prefix.strip_prefix(&*key).unwrap_or_default());
        key.push_str(if value.is_empty() { "v" } else { value });
        rest = &rest[end + 1..];
    }

    key + rest
}

/// The shortest key with this prefix and this suffix.
fn overlapped(prefix: &str, suffix: &str) -> String {
    let rests = suffix
        .char_indices()
        .map(|(index, _)| suffix.split_at(index));
    let whole = (suffix, "");
    let longest = std::iter::once(whole)
        .chain(rests.rev())
        .find(|(shared, _)| prefix.ends_with(shared));

    format!("{prefix}{}", longest.map_or(suffix, |(_, rest)| rest))
}

/// A text that does not end with the suffix although its encoded form does, because the suffix
/// starts inside an escape.
fn within_escape(suffix: &str) -> String {
    let digit = suffix
        .chars()
        .next()
        .filter(|digit| !digit.is_ascii_lowercase())
        .and_then(|digit| digit.to_digit(16));

    match digit.and_then(|digit| char::from_u32(0xE0 + digit)) {
        Some(letter) => format!("{letter}{}", &suffix[1..]),
        None => suffix.to_owned(),
    }
}

/// Routes with all kinds of filters, and records.
pub(crate) fn world(records: std::ops::Range<usize>) -> impl Strategy<Value = World> {
    world_of(records, false)
}

/// Routes with at most one prefix and one suffix, and records.
fn simple_world(records: std::ops::Range<usize>) -> impl Strategy<Value = World> {
    world_of(records, true)
}

fn world_of(records: std::ops::Range<usize>, is_simple: bool) -> impl Strategy<Value = World> {
    let parts = proptest::collection::vec(text(1..4), 1..4).prop_map(|mut parts| {
        let longer = format!("{}{}", parts[0], parts[parts.len() - 1]);
        parts.push(longer);
        parts
    });

    parts
        .prop_flat_map(move |parts| routes(parts, is_simple))
        .prop_flat_map(move |routes| {
            let records = proptest::collection::vec(record(routes.clone()), records.clone());
            records.prop_map(move |records| World {
                routes: routes.clone(),
                records,
            })
        })
}

/// The index of the route that takes the record.
fn handler(router: &Routes<()>, record: &S3EventRecord) -> Option<usize> {
    match crate::route(router, record, &MessageContext::new()) {
        Outcome::Failed(index) => Some(index.to_string().parse().unwrap()),
        _ => None,
    }
}

fn is_handled(router: &Routes<()>, body: &str) -> bool {
    crate::records(body)
        .iter()
        .any(|record| handler(router, record).is_some())
}

/// The text of the filter's policy. `None` if it lets everything through.
fn policy_of(filter: &impl serde::Serialize) -> Option<String> {
    Some(serde_json::to_string(filter).unwrap()).filter(|json| json != "null")
}

fn check_filter_policy(world: &World) -> Result<(), TestCaseError> {
    let router = world.router();
    let manifest = Manifest::new(&router);

    let policy = match manifest.filter_policy() {
        Ok(policy) => policy,
        Err(error) => {
            prop_assert_eq!(error.kind(), ErrorKind::Unexpressible);
            for route in manifest.routes() {
                prop_assert!(error.to_string().contains(&route.to_string()), "{}", error);
            }

            let patterns = body_patterns(&manifest).unwrap();
            let refusal = SnsFilterPolicy::parse(&patterns[0]["body"].to_string()).unwrap_err();
            prop_assert_eq!(refusal.kind(), FilterErrorKind::TooManyCombinations);
            return Ok(());
        }
    };

    let json = policy_of(&policy);
    prop_assert_eq!(json.is_none(), policy.is_unnecessary());
    let is_let_through = |body: &str| match &json {
        Some(json) => SnsFilterPolicy::parse(json).unwrap().matches(body),
        None => true,
    };
    let body = world.body();

    if is_handled(&router, &body) {
        prop_assert!(is_let_through(&body), "lost by {:?}: {}", json, body);
    } else if policy.is_exact() && world.records.len() == 1 {
        prop_assert!(
            !is_let_through(&body),
            "claimed to be exact, yet let through by {:?}: {}",
            json,
            body
        );
    }

    Ok(())
}

/// The patterns of the filters of an event source mapping. `None` if there are no filters.
fn body_patterns(manifest: &Manifest) -> Option<Vec<Value>> {
    let criteria = serde_json::to_value(manifest.filter_criteria().unwrap()).unwrap();
    let filters = criteria.get("Filters")?.as_array().unwrap().iter();
    let patterns = filters.map(|filter| {
        let pattern = filter["Pattern"].as_str().unwrap();
        assert!(pattern.chars().count() <= 4096, "Lambda rejects {pattern}");
        assert!(
            !pattern.contains(r#"{"wildcard":"#) && !pattern.contains("equals-ignore-case"),
            "Lambda rejects {pattern}"
        );
        serde_json::from_str(pattern).unwrap()
    });

    Some(patterns.collect())
}

/// The body of the creation that Amazon Security Lake announces in this event of EventBridge.
fn security_lake_body(event: &str) -> Option<String> {
    let mut event: Value = serde_json::from_str(event).unwrap();
    let members = event.as_object_mut().unwrap();
    let detail_type = members.remove("detail-type")?;
    members.remove("version");
    members.remove("id");

    let body = event.to_string();
    let is_readable = Notification::parse(body.clone()).is_ok();

    (detail_type == "Object Created" && is_readable).then_some(body)
}

/// The bodies that contain this one.
fn in_envelopes(body: &str) -> [String; 4] {
    let sns = SnsBatchBuilder::new().with_body("1", body).to_json();
    let sqs = SqsBatchBuilder::new().with_body("1", body).to_json();
    let event: Value = serde_json::from_str(&sqs).unwrap();
    let destination = json!({
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted"},
        "requestPayload": event,
    });

    [
        SnsMessageBuilder::new(body).to_json(),
        sns,
        sqs,
        destination.to_string(),
    ]
}

/// Each form that the world's events can have in a queue, and whether a filter can look into it.
fn bodies(world: &World) -> Vec<(String, bool)> {
    let mut bodies = vec![(world.body(), world.records.len() == 1)];
    let events = world
        .records
        .iter()
        .filter_map(RecordBuilder::to_eventbridge_json);

    for event in events {
        bodies.extend(security_lake_body(&event).map(|body| (body, false)));
        bodies.push((event, true));
    }

    let wrapped: Vec<_> = bodies
        .iter()
        .flat_map(|(body, _)| in_envelopes(body))
        .map(|body| (body, false))
        .collect();
    bodies.extend(wrapped);

    bodies
}

fn check_filter_criteria(world: &World) -> Result<(), TestCaseError> {
    let router = world.router();
    let manifest = Manifest::new(&router);
    let patterns = body_patterns(&manifest);
    let is_exact = manifest.filter_criteria().unwrap().is_exact();

    for (body, is_visible) in bodies(world) {
        // Lambda compares with the JSON in the body.
        let json: Value = serde_json::from_str(&body).unwrap();
        let message = json!({"messageId": "1", "body": json}).to_string();
        let is_let_through = patterns.as_ref().is_none_or(|patterns| {
            patterns.iter().any(|pattern| {
                let rule = EventBridgeRule::parse(&pattern.to_string());
                rule.unwrap().matches(&message)
            })
        });

        if is_handled(&router, &body) {
            prop_assert!(is_let_through, "lost by {:?}: {}", patterns, body);
        } else if is_exact && is_visible {
            prop_assert!(
                !is_let_through,
                "claimed to be exact, yet let through by {:?}: {}",
                patterns,
                body
            );
        }
    }

    Ok(())
}

fn check_eventbridge_pattern(world: &World) -> Result<(), TestCaseError> {
    let router = world.router();
    let manifest = Manifest::new(&router);
    let events = world
        .records
        .iter()
        .filter_map(RecordBuilder::to_eventbridge_json);

    let pattern = match manifest.eventbridge_pattern() {
        Ok(pattern) => pattern,
        Err(error) => {
            prop_assert_eq!(error.kind(), ErrorKind::Unexpressible);
            for event in events {
                let delivery = Delivery::parse(event).unwrap();
                prop_assert_eq!(handler(&router, &delivery.records()[0]), None);
            }

            return Ok(());
        }
    };

    let json = serde_json::to_string(&pattern).unwrap();
    let rule = EventBridgeRule::parse(&json);
    prop_assert!(rule.is_ok(), "EventBridge rejects {}: {:?}", json, rule);
    let rule = rule.unwrap();

    for event in events {
        let delivery = Delivery::parse(event.clone()).unwrap();
        let is_handled = handler(&router, &delivery.records()[0]).is_some();

        if is_handled {
            prop_assert!(rule.matches(&event), "lost by {}: {}", json, event);
        } else if pattern.is_exact() {
            prop_assert!(
                !rule.matches(&event),
                "claimed to be exact, yet let through by {}: {}",
                json,
                event
            );
        }
    }

    Ok(())
}

/// One configuration of a bucket, as S3 reads it.
#[derive(Debug)]
struct Configuration {
    events: Vec<String>,
    prefix: String,
    suffix: String,
}

impl Configuration {
    fn read(json: &Value) -> Self {
        let rule = |name: &str| {
            let rules = json["Filter"]["Key"]["FilterRules"]
                .as_array()
                .into_iter()
                .flatten();
            let mut values = rules
                .filter(|rule| rule["Name"] == name)
                .map(|rule| rule["Value"].as_str().unwrap());
            let value = values.next().unwrap_or_default().to_owned();
            assert_eq!(values.next(), None, "S3 takes one {name}: {json}");

            value
        };

        let events = json["Events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event.as_str().unwrap().to_owned());

        Self {
            events: events.collect(),
            prefix: rule("prefix"),
            suffix: rule("suffix"),
        }
    }

    fn publishes(&self, record: &S3EventRecord) -> bool {
        let event = format!("s3:{}", record.event_name);
        let key = &record.object.key;

        // AWS says how a filter spells a key, but not whether S3 decodes the filter or encodes the
        // key to compare them.
        let decoded = [&self.prefix, &self.suffix].map(|part| decode(part));
        self.events.iter().any(|known| includes(known, &event))
            && is_between(&self.prefix, &self.suffix, key.as_sent().as_bytes())
            && is_between(&decoded[0], &decoded[1], key.as_str().as_bytes())
    }

    /// Whether S3 would reject both together, because they share an event type and some keys.
    fn overlaps(&self, other: &Self) -> bool {
        let mut pairs = self
            .events
            .iter()
            .flat_map(|left| other.events.iter().map(move |right| (left, right)));
        pairs.any(|(left, right)| includes(left, right) || includes(right, left))
            && (self.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&self.prefix))
            && (self.suffix.ends_with(&other.suffix) || other.suffix.ends_with(&self.suffix))
    }
}

fn is_between(prefix: impl AsRef<[u8]>, suffix: impl AsRef<[u8]>, key: &[u8]) -> bool {
    key.starts_with(prefix.as_ref()) && key.ends_with(suffix.as_ref())
}

/// The text that a filter's prefix or suffix stands for. Panics if S3 would not take it.
fn decode(part: &str) -> Vec<u8> {
    let mut rest = part.bytes();
    let mut decoded = Vec::new();

    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            plain if plain.is_ascii_alphanumeric() || b"-_./".contains(&plain) => plain,
            special => panic!("`{}` is not encoded in {part}", char::from(special)),
        });
    }

    decoded
}

/// Whether `s3:ObjectCreated:*` includes `s3:ObjectCreated:Put`.
fn includes(wide: &str, narrow: &str) -> bool {
    wide == narrow
        || wide
            .strip_suffix('*')
            .is_some_and(|wide| narrow.starts_with(wide))
}

/// "Supported event types for SQS, SNS, and Lambda", Amazon S3 User Guide, 2026.
fn is_type_of_s3(event: &str) -> bool {
    const WILD: [&str; 7] = [
        "s3:ObjectCreated:*",
        "s3:ObjectRemoved:*",
        "s3:ObjectRestore:*",
        "s3:Replication:*",
        "s3:LifecycleExpiration:*",
        "s3:ObjectTagging:*",
        "s3:ObjectAnnotation:*",
    ];

    WILD.contains(&event)
        || EventName::KNOWN
            .iter()
            .any(|name| event.strip_prefix("s3:") == Some(name.as_str()))
}

/// Whether a pattern takes every key that has one of the route's prefixes and suffixes: its only
/// part is the rest of the key, which is never empty.
fn says_no_more_than_ends(key: &str, route: &Route) -> bool {
    let parts = key.strip_suffix("*}").and_then(|key| key.split_once('{'));
    let Some((start, name)) = parts else {
        return false;
    };
    if name.contains(['{', '}']) {
        return false;
    }

    let prefixes = route.prefixes();
    start.is_empty()
        || (!prefixes.is_empty() && prefixes.iter().all(|prefix| prefix.len() > start.len()))
}

fn check_bucket_notification(world: &World) -> Result<(), TestCaseError> {
    let router = world.router();
    let notification = Manifest::new(&router).bucket_notification().unwrap();
    let json = serde_json::to_value(&notification).unwrap();

    let configurations: Vec<_> = json
        .as_array()
        .unwrap()
        .iter()
        .map(Configuration::read)
        .collect();

    for record in world.records.iter().map(RecordBuilder::build) {
        // `*` becomes the event types that S3 has today.
        if record.event_name.is_known() && handler(&router, &record).is_some() {
            let is_published = configurations
                .iter()
                .any(|configuration| configuration.publishes(&record));
            prop_assert!(is_published, "{} does not publish {:?}", json, record);
        }
    }

    if notification.warnings().is_empty() {
        for route in &world.routes {
            let affixes = |affixes: &[Cow<'static, str>]| match affixes {
                [] => vec![Vec::new()],
                affixes => affixes
                    .iter()
                    .map(|affix| affix.as_bytes().to_vec())
                    .collect(),
            };
            let suffixes = affixes(route.suffixes());
            let is_kept = affixes(route.prefixes()).iter().all(|prefix| {
                suffixes.iter().all(|suffix| {
                    configurations.iter().any(|configuration| {
                        decode(&configuration.prefix) == *prefix
                            && decode(&configuration.suffix) == *suffix
                    })
                })
            });
            let is_kept = is_kept
                && route
                    .key()
                    .is_none_or(|key| says_no_more_than_ends(key, route))
                && !route.ignores_suffix_case()
                && (!route.has_no_folders() || excludes_folders(route));
            prop_assert!(is_kept, "{} is widened silently by {}", route, json);
        }
    }

    for (index, left) in configurations.iter().enumerate() {
        for right in &configurations[index + 1..] {
            prop_assert!(!left.overlaps(right), "S3 rejects {}", json);
        }

        prop_assert!(!left.events.is_empty());
        decode(&left.prefix);
        decode(&left.suffix);
        for (index, event) in left.events.iter().enumerate() {
            let is_asked_for_by_name =
                event.contains("Frozen") || FUTURE.iter().any(|name| event.ends_with(name));
            prop_assert!(
                is_type_of_s3(event) || is_asked_for_by_name,
                "S3 does not know {}",
                event
            );

            let mut others = left
                .events
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index);

            prop_assert!(
                !others.any(|(_, other)| includes(other, event)),
                "{} is there twice: {}",
                event,
                json
            );
        }
    }

    let all: Vec<_> = configurations
        .iter()
        .flat_map(|configuration| &configuration.events)
        .collect();
    let listed: Vec<_> = notification.events().collect();
    prop_assert!(all.iter().all(|event| listed.contains(&event.as_str())));

    prop_assert!(
        (1..listed.len()).all(|index| !listed[..index].contains(&listed[index])),
        "{:?}",
        listed
    );

    Ok(())
}

/// Whether no suffix ends in `/`.
fn excludes_folders(route: &Route) -> bool {
    let mut suffixes = route.suffixes().iter();
    !route.suffixes().is_empty() && suffixes.all(|suffix| !suffix.ends_with('/'))
}

/// How narrow a pattern is.
fn kind(pattern: &EventPattern) -> u8 {
    u8::from(pattern.as_category().is_some()) + 2 * u8::from(pattern.as_name().is_some())
}

/// Whether every key and bucket that passes the filters of the right route passes those of the
/// left route.
fn covers(left: &Route, right: &Route) -> bool {
    left.bucket()
        .is_none_or(|bucket| right.bucket() == Some(bucket))
        && right
            .prefix()
            .unwrap_or_default()
            .starts_with(left.prefix().unwrap_or_default())
        && right
            .suffix()
            .unwrap_or_default()
            .ends_with(left.suffix().unwrap_or_default())
}

/// Checks that no route is said to be out of reach that takes a record.
fn check_unreachable(world: &World) -> Result<(), TestCaseError> {
    let router = world.router();
    let manifest = Manifest::new(&router);

    let warnings: Vec<_> = manifest
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();

    let records: Vec<_> = world.records.iter().map(RecordBuilder::build).collect();

    for record in records.iter().filter(|record| record.event_name.is_known()) {
        if let Some(index) = handler(&router, record) {
            let warning = format!("no event reaches {}, because", manifest.routes()[index]);
            prop_assert!(
                !warnings.iter().any(|text| text.starts_with(&warning)),
                "{} yet {:?}",
                warning,
                record
            );
        }
    }

    Ok(())
}

fn check_warnings(world: &World) -> Result<(), TestCaseError> {
    check_unreachable(world)?;

    let router = world.router();
    let manifest = Manifest::new(&router);
    let warnings = manifest.warnings();
    let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    let records: Vec<_> = world.records.iter().map(RecordBuilder::build).collect();

    for (index, left) in manifest.routes().iter().enumerate() {
        for right in &manifest.routes()[index + 1..] {
            let is_warned_of =
                warnings.contains(&format!("some keys match both {left} and {right}"));
            if is_warned_of {
                prop_assert!(
                    share_a_record(left, right),
                    "{} and {} share nothing",
                    left,
                    right
                );
            }

            for record in records
                .iter()
                .filter(|record| left.matches(record) && right.matches(record))
            {
                let best = |route: &Route| {
                    let matching = route
                        .patterns()
                        .iter()
                        .filter(|pattern| pattern.matches(&record.event_name));
                    matching.map(kind).max()
                };

                if best(left) == best(right) && !covers(left, right) && !covers(right, left) {
                    prop_assert!(
                        is_warned_of,
                        "{} and {} share {:?}: {:?}",
                        left,
                        right,
                        record,
                        warnings
                    );
                }
            }
        }
    }

    Ok(())
}

/// Whether a record with the longer prefix, the longer suffix, and the bucket that one of them
/// names matches both.
fn share_a_record(left: &Route, right: &Route) -> bool {
    let longer = |left: Option<&str>, right: Option<&str>| {
        let (left, right) = (
            left.unwrap_or_default().to_owned(),
            right.unwrap_or_default().to_owned(),
        );
        if left.len() > right.len() {
            left
        } else {
            right
        }
    };

    let key = longer(left.prefix(), right.prefix()) + &longer(left.suffix(), right.suffix());
    let bucket = left.bucket().or(right.bucket()).unwrap_or(BUCKETS[0]);
    let future = FUTURE.into_iter().map(EventName::parse);

    let mut names = EventName::KNOWN
        .iter()
        .cloned()
        .chain(future)
        .chain([EventName::parse("ObjectFrozen:Thaw")]);

    names.any(|name| {
        let record = RecordBuilder::new(name)
            .with_bucket(bucket)
            .with_key(&*key)
            .build();
        left.matches(&record) && right.matches(&record)
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2048,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_filter_policy_drops_nothing_that_is_routed(world in world(1..4)) {
        check_filter_policy(&world)?;
    }

    #[test]
    fn an_exact_filter_policy_passes_only_routed_records(world in world(1..2)) {
        check_filter_policy(&world)?;
    }

    #[test]
    fn filter_criteria_drop_nothing_that_is_routed(world in world(1..3)) {
        check_filter_criteria(&world)?;
    }

    #[test]
    fn an_eventbridge_pattern_drops_nothing_that_is_routed(world in world(1..4)) {
        check_eventbridge_pattern(&world)?;
    }

    #[test]
    fn a_bucket_notification_is_valid_and_publishes_what_is_routed(world in world(1..4)) {
        check_bucket_notification(&world)?;
    }

    #[test]
    fn warnings_are_correct_and_complete(world in simple_world(1..4)) {
        check_warnings(&world)?;
    }

    #[test]
    fn no_route_is_said_to_be_out_of_reach_that_takes_a_record(world in world(1..4)) {
        check_unreachable(&world)?;
    }
}
