//! What handlers need to be allowed to do with objects.

use serde::Serialize;

use crate::Route;
use crate::routing::{Place, Selection};

/// What handlers may do with objects, as they [declare](Route#what-the-handler-does) it.
///
/// It serializes to a list of statements. Without a bucket, a resource is in the bucket whose
/// events the program handles, and without a key it is a bucket itself:
///
/// ```json
/// [{"sid": "ReadObjects", "actions": ["s3:GetObject", "s3:GetObjectVersion"],
///   "resources": [{"bucket": null, "key": "photos/*.jpg"}]},
///  {"sid": "ListBuckets", "actions": ["s3:ListBucket"],
///   "resources": [{"bucket": null, "key": null}]}]
/// ```
///
/// Keys are in the form of IAM: `*` stands for any characters, and `${*}`, `${?}` and `${$}` for
/// the characters themselves ("IAM policy elements: Variables and tags", AWS Identity and Access
/// Management User Guide, 2026).
///
/// | declared | actions |
/// |---|---|
/// | `reads` | `s3:GetObject` and `s3:GetObjectVersion` on what the route takes |
/// | `writes` | `s3:PutObject`, and `s3:GetObject` for conditional writes |
/// | `deletes` | `s3:DeleteObject`: without a version, which in a versioned bucket adds a marker |
/// | `reads` or `writes` | `s3:ListBucket`, without which an absent object is 403 and not 404 |
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ObjectAccess {
    pub(super) grants: Vec<Grant>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Grant {
    pub(super) sid: &'static str,
    pub(super) actions: &'static [&'static str],
    pub(super) resources: Vec<Resource>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Resource {
    bucket: Option<String>,
    /// With IAM's wildcards. `None` for the bucket itself.
    key: Option<String>,
}

impl ObjectAccess {
    pub(in crate::manifest) fn new(routes: &[Route]) -> Self {
        let places = |places: fn(&Route) -> &[Place]| {
            let of_route = move |route| places(route).iter().map(move |one| at(route, one));
            routes.iter().flat_map(of_route)
        };
        let taken = |holds: fn(&Route) -> bool| {
            let routes = routes.iter().filter(move |route| holds(route));
            routes.flat_map(taken_by)
        };

        let read: Vec<_> = taken(Route::reads_objects).collect();
        let written: Vec<_> = places(Route::writes_places).collect();
        let deleted = places(Route::deletes_places).chain(taken(Route::deletes_taken_objects));
        let listed = read.iter().chain(&written).map(Resource::whole_bucket);

        let grants = [
            Grant::new("ListBuckets", &["s3:ListBucket"], listed.collect()),
            Grant::new("DeleteObjects", &["s3:DeleteObject"], deleted.collect()),
            Grant::new("WriteObjects", &["s3:PutObject", "s3:GetObject"], written),
            Grant::new(
                "ReadObjects",
                &["s3:GetObject", "s3:GetObjectVersion"],
                read,
            ),
        ];
        let grants = grants.into_iter().rev();

        Self {
            grants: grants.filter(|grant| !grant.resources.is_empty()).collect(),
        }
    }

    /// Whether the handlers declare nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    pub(super) fn has_writes(&self) -> bool {
        self.grants.iter().any(|grant| grant.sid == "WriteObjects")
    }
}

impl Grant {
    fn new(sid: &'static str, actions: &'static [&'static str], all: Vec<Resource>) -> Self {
        let mut resources = Vec::new();
        for resource in all {
            if !resources.contains(&resource) {
                resources.push(resource);
            }
        }

        Self {
            sid,
            actions,
            resources,
        }
    }
}

impl Resource {
    fn whole_bucket(&self) -> Self {
        Self {
            bucket: self.bucket.clone(),
            key: None,
        }
    }

    pub(super) fn arn(&self, partition: &str, bucket: &str) -> String {
        let bucket = literal(self.bucket.as_deref().unwrap_or(bucket));
        match &self.key {
            Some(key) => format!("arn:{partition}:s3:::{bucket}/{key}"),
            None => format!("arn:{partition}:s3:::{bucket}"),
        }
    }
}

fn at(route: &Route, place: &Place) -> Resource {
    Resource {
        bucket: place.bucket().or(route.bucket()).map(str::to_owned),
        key: Some(format!("{}*", literal(place.prefix()))),
    }
}

fn taken_by(route: &Route) -> impl Iterator<Item = Resource> {
    let keys = route.selections();
    let keys: Vec<_> = keys.iter().flat_map(of_selection).collect();

    keys.into_iter().map(|key| Resource {
        bucket: route.bucket().map(str::to_owned),
        key: Some(key),
    })
}

/// The keys of a selection, and no fewer. A suffix in any case and folders cannot be expressed.
fn of_selection(selection: &Selection) -> Vec<String> {
    let (prefix, suffix) = (selection.prefix(), selection.suffix());

    if let Some(pattern) = selection.pattern() {
        let ends_are_own = prefix == pattern.literal_prefix() && suffix == pattern.literal_suffix();
        if ends_are_own {
            let parts = pattern.parts().iter();
            let parts = parts.map(|part| format!("*{}", literal(&part.text)));
            return vec![literal(prefix) + &parts.collect::<String>()];
        }
    }

    if selection.ignores_case() || suffix.is_empty() {
        return vec![format!("{}*", literal(prefix))];
    }

    // In a short key the prefix and the suffix may overlap: `abab` has `aba` and `bab`.
    let overlaps = (1..=prefix.len().min(suffix.len())).filter_map(|shared| {
        let (start, rest) = suffix.split_at_checked(shared)?;
        let is_overlap = prefix.ends_with(start);
        is_overlap.then(|| literal(prefix) + &literal(rest))
    });
    let mut keys = vec![format!("{}*{}", literal(prefix), literal(suffix))];
    keys.extend(overlaps);

    keys
}

/// Spells a text so that IAM finds no wildcard and no variable in it.
fn literal(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '*' | '?' | '$' => spelled.extend(['$', '{', character, '}']),
            other => spelled.push(other),
        }
    }

    spelled
}
