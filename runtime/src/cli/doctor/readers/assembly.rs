//! Puts together what files describe apart: a queue and its policy, a bucket and its notification.

use std::collections::BTreeMap;

use super::super::known::{Answer, Tree};
use super::super::model::{Deployment, Kind, Resource};

/// Resources, and what belongs to them.
#[derive(Default)]
pub(super) struct Assembly {
    resources: Vec<Resource>,
    attachments: Vec<Attachment>,
}

/// A property of a resource that stands elsewhere.
pub(super) struct Attachment {
    pub(super) kind: Kind,
    /// An identity of the resource.
    pub(super) target: Tree,
    pub(super) property: &'static str,
    pub(super) value: Tree,
    /// The address and the file of what says it.
    pub(super) address: String,
    pub(super) file: String,
}

/// The properties that are lists, to which each attachment adds an element.
const LISTS: [&str; 2] = ["Policies", "Targets"];

impl Assembly {
    pub(super) fn add(&mut self, resource: Resource) {
        self.resources.push(resource);
    }

    pub(super) fn attach(&mut self, attachment: Attachment) {
        self.attachments.push(attachment);
    }

    pub(super) fn finish(mut self) -> Deployment {
        for attachment in std::mem::take(&mut self.attachments) {
            self.apply(attachment);
        }

        Deployment {
            resources: self.resources,
        }
    }

    fn apply(&mut self, attachment: Attachment) {
        let of_kind = |one: &&mut Resource| one.kind == attachment.kind;
        let answer = |one: &Resource| match &attachment.target {
            Tree::Text(text) => one.is(text),
            _ => Answer::Maybe,
        };

        let mut all = self.resources.iter_mut().filter(of_kind);
        if let Some(target) = all.find(|one| answer(one) == Answer::Yes) {
            set(target, &attachment);
            return;
        }

        if attachment.kind == Kind::Bucket {
            // The bucket exists already, and only its notification is described here.
            let mut bucket = Resource::new(Kind::Bucket, &attachment.address, &attachment.file);
            bucket.set_identity("BucketName", attachment.target.clone());
            set(&mut bucket, &attachment);
            self.resources.push(bucket);
            return;
        }

        // It may belong to one of these, so nothing is known about them.
        let all = self.resources.iter_mut().filter(of_kind);
        for candidate in all.filter(|one| answer(one) == Answer::Maybe) {
            match LISTS.contains(&attachment.property) {
                true => push(candidate, attachment.property, Tree::Unknown),
                false if candidate.get(attachment.property).is_null() => {
                    candidate.set(attachment.property, Tree::Unknown);
                }
                false => {}
            }
        }
    }
}

fn set(resource: &mut Resource, attachment: &Attachment) {
    let value = attachment.value.clone();
    if LISTS.contains(&attachment.property) {
        push(resource, attachment.property, value);
    } else if attachment.property == "Notifications" {
        let joined = joined(resource.get("Notifications"), value);
        resource.set("Notifications", joined);
        let writer = Tree::of_json(&attachment.address.clone().into());
        push(resource, "Writers", writer);
    } else if attachment.property == "Alias" {
        resource.set_identity("Alias", value);
        resource.identities.push(attachment.address.clone());
    } else {
        resource.set(attachment.property, value);
    }
}

fn push(resource: &mut Resource, property: &str, value: Tree) {
    let mut items = resource.get(property).items().to_vec();
    items.push(value);
    resource.set(property, Tree::List(items));
}

/// The entries of two notification configurations. Which one holds is not known.
fn joined(first: &Tree, second: Tree) -> Tree {
    let (Tree::Map(first), Tree::Map(second)) = (first, &second) else {
        return second;
    };

    let mut all: BTreeMap<String, Tree> = first.clone();
    for (name, value) in second {
        let entry = all.entry(name.clone()).or_insert(Tree::Null);
        *entry = match (&*entry, value) {
            (Tree::List(left), Tree::List(right)) => {
                Tree::List(left.iter().chain(right).cloned().collect())
            }
            (Tree::Bool(left), Tree::Bool(right)) => Tree::Bool(*left || *right),
            (left, Tree::Null) => left.clone(),
            _ => value.clone(),
        };
    }

    Tree::Map(all)
}
