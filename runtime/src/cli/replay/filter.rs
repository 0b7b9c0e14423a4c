//! `--only FIELD=PATTERN`: which messages are replayed.

use std::time::{Duration, SystemTime};

use s3_dispatch_core::__private::{nearest_of, nearest_pattern};
use s3_dispatch_core::{EventPattern, Route, S3EventRecord};

/// Conditions that all must hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter(Vec<Condition>);

/// What one `--only` asks for.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    /// The event, bucket or key of a record.
    Route(Box<Route>),
    /// The dead letter tells of an error that contains this text.
    Error(String),
    /// The event is older than this, or younger.
    Age { is_older: bool, than: Duration },
}

/// The fields, and what a pattern of each looks like.
const FIELDS: [(&str, &str); 5] = [
    ("event", "event=ObjectCreated:*"),
    ("bucket", "bucket=amzn-s3-demo-bucket"),
    ("key", "key=tenants/{tenant}/{file*}"),
    ("error", "error=not an image"),
    ("age", "age=>2h"),
];

impl Filter {
    pub(super) fn new(conditions: Vec<Condition>) -> Self {
        Self(conditions)
    }

    /// Whether every message passes.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the records meets all conditions, for a dead letter with this error. Without
    /// records, only the error can be asked about.
    pub(super) fn passes(&self, records: &[S3EventRecord], error: Option<&str>) -> bool {
        let now = SystemTime::now();
        let holds = |record: Option<&S3EventRecord>| {
            self.0
                .iter()
                .all(|condition| condition.holds(record, error, now))
        };

        if records.is_empty() {
            holds(None)
        } else {
            records.iter().any(|record| holds(Some(record)))
        }
    }
}

impl Condition {
    /// Reads `FIELD=PATTERN`.
    ///
    /// # Errors
    ///
    /// Says what is wrong, where, and what would be right.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Some((field, pattern)) = text.split_once('=') else {
            return Err(format!(
                "`{text}` has no `=`; it looks like `{}`",
                FIELDS[0].1
            ));
        };
        if pattern.is_empty() {
            return Err(format!("nothing follows `{field}=`"));
        }

        match field {
            "event" => event(pattern),
            "bucket" => {
                let route = Route::new(EventPattern::ANY).with_bucket(pattern.to_owned());
                Ok(Self::Route(Box::new(route)))
            }
            "key" => key(pattern),
            "error" => Ok(Self::Error(pattern.to_owned())),
            "age" => age(pattern),
            other => Err(unknown_field(other)),
        }
    }

    fn holds(&self, record: Option<&S3EventRecord>, error: Option<&str>, now: SystemTime) -> bool {
        match self {
            Self::Route(route) => record.is_some_and(|record| route.matches(record)),
            Self::Error(text) => error.is_some_and(|error| error.contains(text)),
            Self::Age { is_older, than } => {
                let time = record.and_then(|record| record.event_time.as_ref());
                let Some(time) = time.and_then(|time| time.to_system_time()) else {
                    return false;
                };

                // The clock of S3 may be a little ahead.
                let age = now.duration_since(time).unwrap_or_default();
                if *is_older { age > *than } else { age < *than }
            }
        }
    }
}

fn event(pattern: &str) -> Result<Condition, String> {
    let event = EventPattern::parse(pattern).map_err(|error| error.to_string())?;
    let nearest = nearest_pattern(pattern);
    let known = pattern.strip_prefix("s3:").unwrap_or(pattern);

    match nearest.filter(|nearest| pattern != "*" && nearest != known) {
        Some(nearest) => Err(format!(
            "there is no event `{pattern}`; did you mean `{nearest}`?"
        )),
        None => Ok(Condition::Route(Box::new(Route::new(event)))),
    }
}

/// Reads a pattern of the routes. A `*` at its end stands for the rest of the key.
fn key(pattern: &str) -> Result<Condition, String> {
    let (start, has_rest) = match pattern.strip_suffix('*') {
        Some(start) if !start.ends_with('{') => (start, true),
        _ => (pattern, false),
    };
    if let Some(at) = stray_star(start) {
        return Err(format!(
            "the `*` at byte {} of the key `{pattern}` stands for nothing: only the end of a \
             pattern can be `*`, and a part in between is `{{name}}`",
            at + 1
        ));
    }

    let rest = if has_rest { "{the_rest*}" } else { "" };
    let route = Route::new(EventPattern::ANY).with_key(format!("{start}{rest}"));
    match route.check() {
        Ok(()) => Ok(Condition::Route(Box::new(route))),
        Err(error) => {
            let error = error.to_string();
            let mistake = error.rsplit_once(", in unnamed [");
            Err(mistake.map_or(&*error, |(mistake, _)| mistake).to_owned())
        }
    }
}

/// Returns where a `*` is that no braces enclose.
fn stray_star(pattern: &str) -> Option<usize> {
    let mut depth = 0_usize;
    pattern.bytes().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }

        byte == b'*' && depth == 0
    })
}

fn age(pattern: &str) -> Result<Condition, String> {
    let example = "an age looks like `age=>2h` or `age=<1d`";
    let (is_older, amount) = match (pattern.strip_prefix('>'), pattern.strip_prefix('<')) {
        (Some(amount), _) => (true, amount),
        (_, Some(amount)) => (false, amount),
        _ => {
            return Err(format!(
                "`{pattern}` begins with neither `>` nor `<`; {example}"
            ));
        }
    };

    let amount = amount.trim();
    let digits = amount.len()
        - amount
            .trim_start_matches(|digit: char| digit.is_ascii_digit())
            .len();
    let (number, unit) = amount.split_at(digits);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        "" => {
            return Err(format!(
                "`{pattern}` has no unit (s, m, h, d or w); {example}"
            ));
        }
        other => {
            return Err(format!(
                "`{other}` in `{pattern}` is not a unit (s, m, h, d or w); {example}"
            ));
        }
    };

    let number: u64 = number
        .parse()
        .map_err(|_| format!("`{pattern}` has no number that can be used; {example}"))?;
    let than = Duration::from_secs(number.saturating_mul(seconds));
    Ok(Condition::Age { is_older, than })
}

fn unknown_field(field: &str) -> String {
    let names = FIELDS.map(|(name, _)| name);
    let nearest = nearest_of(field, names);

    match FIELDS.iter().find(|(known, _)| Some(*known) == nearest) {
        Some((known, example)) => {
            format!("there is no field `{field}`; did you mean `{known}`, as in `{example}`?")
        }
        None => {
            let names = names.map(|name| format!("`{name}`")).join(", ");
            format!("there is no field `{field}`; the fields are {names}")
        }
    }
}
