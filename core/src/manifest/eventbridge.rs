//! The pattern of an EventBridge rule.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::conditions::{self, Conditions, no_routes, of_keys, to_json};
use super::key_spelling::as_it_is;
use crate::event::{EventBridgeForm, LIFECYCLE_EXPIRATION};
use crate::{Error, ErrorKind, EventName, Route, Warning};

/// The event pattern of a rule that sends S3's events on; it serializes to the pattern's JSON.
///
/// ```json
/// {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"reason": ["PutObject"]}}
/// ```
///
/// EventBridge has one detail type for several of S3's events, told apart by a reason, and none for
/// some ("EventBridge event message structure", Amazon S3 User Guide, 2026). Keys are not encoded
/// there.
#[derive(Debug, Clone, PartialEq)]
pub struct EventBridgePattern {
    pattern: Value,
    is_exact: bool,
    warnings: Vec<Warning>,
}

/// What tells an event in EventBridge.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Form {
    detail_type: &'static str,
    reason: Option<Reason>,
    deletion_type: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Is(&'static str),
    IsNot(&'static str),
}

impl From<EventBridgeForm> for Form {
    fn from(form: EventBridgeForm) -> Self {
        Self {
            detail_type: form.detail_type,
            reason: form.reason.map(Reason::Is),
            deletion_type: form.deletion_type,
        }
    }
}

impl EventBridgePattern {
    pub(crate) fn new(routes: &[Route]) -> Result<Self, Error> {
        if routes.is_empty() {
            return Err(no_routes());
        }

        let mut warnings = Vec::new();
        let mut alternatives = Vec::new();
        let mut is_exact = true;

        for route in routes {
            let (forms, takes_everything) = forms(route, &mut warnings);
            let (keys, keys_are_exact) = of_keys(std::slice::from_ref(route), as_it_is);
            let buckets = conditions::of_buckets(std::slice::from_ref(route));
            is_exact &= keys_are_exact;

            if takes_everything {
                alternatives.push(alternative(None, &[], &buckets, &keys));
                continue;
            }

            for (detail_type, forms) in by_detail_type(&forms) {
                alternatives.push(alternative(Some(detail_type), &forms, &buckets, &keys));
            }
        }

        // What takes everything makes the others superfluous.
        let everything = alternative(None, &[], &None, &None);
        if alternatives.contains(&everything) {
            alternatives = vec![everything];
        }

        alternatives.dedup();
        let mut pattern = match alternatives.len() {
            0 => {
                let text = "EventBridge knows none of the events of these routes";
                return Err(Error::new(ErrorKind::Unexpressible, text));
            }
            1 => alternatives.remove(0),
            _ => Map::from_iter([(
                "$or".to_owned(),
                alternatives.into_iter().map(Value::Object).collect(),
            )]),
        };

        pattern.insert("source".to_owned(), json!(["aws.s3"]));

        Ok(Self {
            pattern: Value::Object(pattern),
            is_exact,
            warnings,
        })
    }

    /// Whether it lets through exactly the events that some route handles. Else it lets through
    /// more.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Which events of the routes EventBridge does not have.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl Serialize for EventBridgePattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.pattern.serialize(serializer)
    }
}

impl Reason {
    fn to_json(self) -> Value {
        match self {
            Self::Is(reason) => json!(reason),
            Self::IsNot(reason) => json!({ "anything-but": reason }),
        }
    }
}

/// The forms of a route's events, and whether it takes every event instead.
fn forms(route: &Route, warnings: &mut Vec<Warning>) -> (Vec<Form>, bool) {
    let mut forms = Vec::new();
    for pattern in route.patterns() {
        if pattern.as_name().is_none() && pattern.as_category().is_none() {
            return (Vec::new(), true);
        }

        let known: Vec<_> = EventName::KNOWN
            .iter()
            .filter(|name| pattern.matches(name))
            .filter_map(EventName::eventbridge_form)
            .map(Form::from)
            .collect();

        if known.is_empty() {
            let warning = Warning::new(format!("EventBridge has no form of `{pattern}` events"));
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }

        // Of a category new reasons may come.
        let is_category = pattern.as_category().is_some();
        let open = |form: Form| match form.detail_type {
            "Object Created" if is_category => Form {
                reason: None,
                ..form
            },
            "Object Deleted" if is_category => Form {
                // Whatever is not a lifecycle rule is a removal.
                reason: Some(match form.reason {
                    Some(Reason::Is(LIFECYCLE_EXPIRATION)) => Reason::Is(LIFECYCLE_EXPIRATION),
                    _ => Reason::IsNot(LIFECYCLE_EXPIRATION),
                }),
                deletion_type: None,
                ..form
            },
            _ => form,
        };

        for form in known.into_iter().map(open) {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }

    (forms, false)
}

/// Groups that one pattern can express: within one detail type reasons are alternatives, unless a
/// deletion type, which belongs to one reason, tells them apart.
fn by_detail_type(forms: &[Form]) -> Vec<(&'static str, Vec<Form>)> {
    let mut groups: Vec<(&'static str, Vec<Form>)> = Vec::new();
    for form in forms {
        let group = groups.iter_mut().find(|(detail_type, group)| {
            *detail_type == form.detail_type
                && group
                    .iter()
                    .all(|other| other.deletion_type == form.deletion_type)
        });

        match group {
            Some((_, group)) => group.push(form.clone()),
            None => groups.push((form.detail_type, vec![form.clone()])),
        }
    }

    groups
}

fn alternative(
    detail_type: Option<&str>,
    forms: &[Form],
    buckets: &Conditions,
    keys: &Conditions,
) -> Map<String, Value> {
    let mut detail = Map::new();
    let reasons: Option<Vec<_>> = forms
        .iter()
        .map(|form| form.reason.map(Reason::to_json))
        .collect();

    if let Some(reasons) = reasons.filter(|reasons| !reasons.is_empty()) {
        detail.insert("reason".to_owned(), Value::Array(reasons));
    }

    if let Some(deletion_type) = forms.first().and_then(|form| form.deletion_type) {
        detail.insert("deletion-type".to_owned(), json!([deletion_type]));
    }

    if let Some(buckets) = buckets {
        detail.insert("bucket".to_owned(), json!({ "name": to_json(buckets) }));
    }

    if let Some(keys) = keys {
        detail.insert("object".to_owned(), json!({ "key": to_json(keys) }));
    }

    let mut pattern = Map::new();
    // The source has other events too, such as the calls that CloudTrail records.
    let detail_types = detail_type.map_or_else(
        || json!([{ "prefix": "Object " }]),
        |detail_type| json!([detail_type]),
    );
    pattern.insert("detail-type".to_owned(), detail_types);

    if !detail.is_empty() {
        pattern.insert("detail".to_owned(), Value::Object(detail));
    }

    pattern
}
