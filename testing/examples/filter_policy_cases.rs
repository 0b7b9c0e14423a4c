//! Prints filter policies, message bodies and the verdicts of [`SnsFilterPolicy`], as JSON lines.
//!
//! `conformance/policies/run` compares the verdicts with those of other implementations of SNS.
//!
//! ```json
//! {"policy": "{\"a\":[\"x\"]}", "bodies": [{"body": "{\"a\":\"x\"}", "is_let_through": true}]}
//! {"policy": "{\"a\":[]}", "refusal": "the array `a` is empty, expected a condition"}
//! ```

use s3_dispatch_core::{EventName, EventPattern, Manifest, Route, Router, Routes};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SnsFilterPolicy};
use serde_json::{Value, json};

/// Random numbers, the same in each run (xorshift64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn choose<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())].clone()
    }
}

const TEXTS: [&str; 12] = [
    "", "a", "A", "ab", "ba", "in/a.jpg", "in/", ".jpg", "é+b", "É+B", "😀", "true",
];
const KEYS: [&str; 14] = [
    "in/a.jpg",
    "in/a b.jpg",
    "in/a+b.jpg",
    "in/é.jpg",
    "in/😀",
    "in/100%",
    "in/%41",
    "in/(1)*'!~.jpg",
    "a.jpg",
    "a.JPG",
    "in",
    "In/a.jpg",
    "é9",
    "日本/in/a.jpg",
];
const BUCKETS: [&str; 3] = ["alpha", "beta", "alphabet"];

fn scalar(dice: &mut Dice) -> Value {
    match dice.roll(8) {
        0 => json!(1),
        1 => json!(1.5),
        2 => json!(-20),
        3 => json!(true),
        4 => json!(false),
        5 => Value::Null,
        _ => json!(dice.choose(&TEXTS)),
    }
}

fn condition(dice: &mut Dice) -> Value {
    match dice.roll(12) {
        0 | 1 => json!({ "prefix": dice.choose(&TEXTS) }),
        2 | 3 => json!({ "suffix": dice.choose(&TEXTS) }),
        4 => json!({ "anything-but": dice.choose(&TEXTS) }),
        5 => json!({ "anything-but": [dice.choose(&TEXTS), dice.choose(&TEXTS), 1] }),
        6 => json!({ "anything-but": { "prefix": dice.choose(&TEXTS[1..]) } }),
        7 => json!({ "exists": dice.roll(2) == 0 }),
        8 => json!({ "equals-ignore-case": dice.choose(&TEXTS) }),
        _ => scalar(dice),
    }
}

fn conditions(dice: &mut Dice) -> Value {
    (0..1 + dice.roll(2)).map(|_| condition(dice)).collect()
}

/// A policy on the fields `a` and `b`, at the top or in objects.
fn policy(dice: &mut Dice) -> Value {
    match dice.roll(7) {
        0 | 1 => json!({ "a": conditions(dice) }),
        2 => json!({ "a": conditions(dice), "b": conditions(dice) }),
        3 => json!({ "o": { "a": conditions(dice) } }),
        4 => json!({ "o": { "a": conditions(dice), "p": { "b": conditions(dice) } } }),
        5 => json!({ "$or": [{ "a": conditions(dice) }, { "b": conditions(dice) }] }),
        _ => {
            let first = conditions(dice);
            let alternatives =
                json!([{ "a": conditions(dice) }, { "p": { "b": conditions(dice) } }]);
            json!({ "b": first, "o": { "$or": alternatives } })
        }
    }
}

fn value(dice: &mut Dice, depth: usize) -> Value {
    match dice.roll(10) {
        0 if depth < 3 => (0..dice.roll(3)).map(|_| value(dice, depth + 1)).collect(),
        _ => scalar(dice),
    }
}

fn object(dice: &mut Dice, depth: usize) -> Value {
    let mut object = json!({});
    for (name, odds) in [("a", 8), ("b", 6), ("c", 1)] {
        if dice.roll(10) < odds {
            object[name] = value(dice, 0);
        }
    }

    for (name, least) in [("o", 0), ("p", 1)] {
        if depth < 2 && depth >= least && dice.roll(10) < 8 {
            object[name] = match dice.roll(3) {
                0 => (0..dice.roll(4))
                    .map(|_| self::object(dice, depth + 1))
                    .collect(),
                _ => self::object(dice, depth + 1),
            };
        }
    }

    object
}

fn route(dice: &mut Dice) -> Route {
    let name = dice.choose(EventName::KNOWN);
    let pattern = if dice.roll(2) == 0 {
        name.to_string()
    } else {
        format!("{}:*", name.category())
    };

    let mut route = Route::new(EventPattern::parse(&pattern).expect("it is made of a known name"));

    if dice.roll(3) == 0 {
        route = route.with_bucket(dice.choose(&BUCKETS));
    }

    if dice.roll(2) == 0 {
        route = route
            .with_prefix(dice.choose(&["in/", "in/a b", "in/a+", "in/é", "in/😀", "in/(", "日"]));
    }

    if dice.roll(3) == 0 {
        route = route.with_suffix(dice.choose(&[".jpg", " b.jpg", "9", "😀", "%", "'!~.jpg"]));
    }

    route
}

/// The policy that the library derives from a few routes, and the events that the routes handle.
fn derived_policy(dice: &mut Dice) -> (Value, Vec<EventName>) {
    let mut routes: Vec<Route> = Vec::new();
    for _ in 0..1 + dice.roll(3) {
        let route = route(dice);
        let filters = |route: &Route| {
            let [bucket, prefix, suffix] = [route.bucket(), route.prefix(), route.suffix()];
            [bucket, prefix, suffix].map(|filter| filter.map(str::to_owned))
        };

        // Routes with the same filters may conflict.
        if !routes.iter().any(|other| filters(other) == filters(&route)) {
            routes.push(route);
        }
    }

    let routes = routes.into_iter().fold(Routes::new(()), |routes, route| {
        routes.on_fn(route, || async { Ok::<_, std::convert::Infallible>(()) })
    });
    match Manifest::new(&routes).filter_policy() {
        Ok(policy) => {
            let patterns = || routes.routes().iter().flat_map(Route::patterns);
            let is_taken = |name: &&EventName| patterns().any(|pattern| pattern.matches(name));

            (
                json!(policy),
                EventName::KNOWN.iter().filter(is_taken).cloned().collect(),
            )
        }
        Err(_) => derived_policy(dice),
    }
}

fn notification(dice: &mut Dice, taken: &[EventName]) -> String {
    if dice.roll(12) == 0 {
        return NotificationBuilder::test_event(dice.choose(&BUCKETS)).to_json();
    }

    let records = (0..[1, 1, 1, 2, 3][dice.roll(5)]).map(|_| {
        let names = if dice.roll(4) == 0 {
            EventName::KNOWN
        } else {
            taken
        };

        let record = RecordBuilder::new(dice.choose(names));

        record
            .with_bucket(dice.choose(&BUCKETS))
            .with_key(dice.choose(&KEYS))
    });

    records
        .fold(NotificationBuilder::new(), NotificationBuilder::with_record)
        .to_json()
}

fn print_case(policy: &str, bodies: Vec<String>) {
    let line = match SnsFilterPolicy::parse(policy) {
        Ok(filter) => {
            let bodies = bodies
                .iter()
                .map(|body| json!({ "body": body, "is_let_through": filter.matches(body) }));
            json!({ "policy": policy, "bodies": bodies.collect::<Vec<_>>() })
        }
        Err(error) => json!({ "policy": policy, "refusal": error.to_string() }),
    };

    println!("{line}");
}

fn rejected_policies() -> Vec<String> {
    let names = |count: usize| (0..count).map(|name| name.to_string()).collect::<Vec<_>>();
    let mut policies: Vec<String> = [
        r#"{"a":"x"}"#,
        r#"{"a":[]}"#,
        r#"{"a":null}"#,
        r#"{"a":{}}"#,
        r#"{"a":{"b":1}}"#,
        r#"{"a":[["x"]]}"#,
        "[]",
        "not JSON",
        r#"{"a":[{"infix":"x"}]}"#,
        r#"{"a":[{}]}"#,
        r#"{"a":[{"prefix":"x","suffix":"y"}]}"#,
        r#"{"a":[{"prefix":1}]}"#,
        r#"{"a":[{"suffix":null}]}"#,
        r#"{"a":[{"equals-ignore-case":["x"]}]}"#,
        r#"{"a":[{"exists":"true"}]}"#,
        r#"{"a":[{"anything-but":{"suffix":"x"}}]}"#,
        r#"{"a":[{"anything-but":[["x"]]}]}"#,
        r#"{"$or":[{"a":["x"]}]}"#,
        r#"{"$or":[{"a":[]},{"b":["x"]}]}"#,
        r#"{"a":[1],"b":[1],"c":[1],"d":[1],"e":[1],"f":[1]}"#,
        r#"{"a":{"b":[1],"c":[1],"d":[1],"e":[1],"f":[1],"g":[1]}}"#,
    ]
    .map(String::from)
    .into();

    policies.push(json!({ "a": names(151) }).to_string());
    policies.push(json!({ "Records": { "eventName": names(76) } }).to_string());
    policies.push(json!({ "a": names(13), "b": { "c": names(6) } }).to_string());
    policies.push(json!({ "$or": [{ "a": names(100) }, { "b": names(51) }] }).to_string());

    policies
}

fn main() {
    let mut dice = Dice(0x5EED_5EED_5EED_5EED);
    for policy in rejected_policies() {
        print_case(&policy, Vec::new());
    }

    let names: Vec<_> = (0..75).map(|name| name.to_string()).collect();
    print_case(
        &json!({ "Records": { "eventName": names } }).to_string(),
        vec![
            String::from(r#"{"Records":[{"eventName":"74"}]}"#),
            String::from(r#"{"Records":[{"eventName":"75"}]}"#),
        ],
    );

    for _ in 0..80 {
        let policy = policy(&mut dice).to_string();
        let mut bodies: Vec<_> = (0..8).map(|_| object(&mut dice, 0).to_string()).collect();
        bodies.push(
            dice.choose(&["not JSON", "[]", "1", "null", r#""a""#, "{}", r#"{"a""#])
                .to_owned(),
        );
        print_case(&policy, distinct(bodies));
    }

    for _ in 0..50 {
        let (policy, taken) = derived_policy(&mut dice);
        let bodies = (0..10).map(|_| notification(&mut dice, &taken)).collect();
        print_case(&policy.to_string(), distinct(bodies));
    }
}

fn distinct(mut bodies: Vec<String>) -> Vec<String> {
    bodies.sort();
    bodies.dedup();
    bodies
}
