//! Limits of AWS, beyond which it refuses a setting.

use std::collections::{BTreeMap, BTreeSet};

use super::super::known::{Answer, Tree};
use super::mappings::{batch, mappings};
use super::{Case, Fault};

/// "Filter policy constraints in Amazon SNS", Amazon SNS Developer Guide, 2026.
const MOST_LEAF_KEYS: usize = 5;
const MOST_COMBINATIONS: usize = 150;

pub(super) fn filter_refused<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let refused = case.subscriptions().filter_map(|(_, subscription, _)| {
        let Tree::Map(policy) = subscription.get("FilterPolicy").document() else {
            return None;
        };
        let mut leaves = BTreeSet::new();
        collect_leaves(&policy, "", &mut leaves)?;
        let combinations = combinations(&policy, 1)?;

        let what = if leaves.len() > MOST_LEAF_KEYS {
            format!(
                "the policy has {} keys, and SNS allows {MOST_LEAF_KEYS}",
                leaves.len()
            )
        } else if combinations > MOST_COMBINATIONS {
            format!(
                "the policy has {combinations} combinations, and SNS allows {MOST_COMBINATIONS}"
            )
        } else {
            return None;
        };
        let change = "name categories instead of single events, or give some handlers a queue of \
                      their own";
        Some(Fault::new(subscription, what, change))
    });
    refused.collect()
}

/// The paths of the leaf keys. `None` if a part of the policy is unknown.
fn collect_leaves(
    filter: &BTreeMap<String, Tree>,
    path: &str,
    leaves: &mut BTreeSet<String>,
) -> Option<()> {
    for (name, condition) in filter {
        match (alternatives(name, condition), condition) {
            (Some(group), _) => {
                for alternative in group {
                    collect_leaves(alternative, path, leaves)?;
                }
            }
            (None, Tree::Map(nested)) => {
                collect_leaves(nested, &format!("{path}{name}."), leaves)?;
            }
            (None, Tree::List(_)) => {
                leaves.insert(format!("{path}{name}"));
            }
            _ => return None,
        }
    }

    Some(())
}

/// The number of combinations as SNS counts it: each key has its values times its depth, keys are
/// multiplied, and alternatives are added. `None` if a part of the policy is unknown.
fn combinations(filter: &BTreeMap<String, Tree>, depth: usize) -> Option<usize> {
    let mut product: usize = 1;
    for (name, condition) in filter {
        let factor = match (alternatives(name, condition), condition) {
            (Some(group), _) => {
                let counts = group.into_iter().map(|one| combinations(one, depth));
                counts.sum::<Option<usize>>()?
            }
            (None, Tree::Map(nested)) => combinations(nested, depth + 1)?,
            (None, Tree::List(conditions)) => conditions.len().saturating_mul(depth),
            _ => return None,
        };
        product = product.saturating_mul(factor);
    }

    Some(product)
}

/// The alternatives of the operator `$or`.
fn alternatives<'t>(name: &str, value: &'t Tree) -> Option<Vec<&'t BTreeMap<String, Tree>>> {
    match value {
        Tree::List(items) if name == "$or" && items.len() > 1 => {
            let members = items.iter().map(|item| match item {
                Tree::Map(members) => Some(members),
                _ => None,
            });
            members.collect()
        }
        _ => None,
    }
}

/// "CreateEventSourceMapping" and "ScalingConfig", AWS Lambda API Reference, 2026.
pub(super) fn mapping_refused<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let refused = mappings(case).filter_map(|(mapping, queue)| {
        let batch = batch(mapping)?;
        let window = mapping.get("MaximumBatchingWindowInSeconds").number();
        let window = window.or_default(0.0)?;
        let most = mapping
            .get("ScalingConfig")
            .get("MaximumConcurrency")
            .number()
            .known();
        let is_fifo = queue.is_fifo() == Answer::Yes;

        let (what, change) = match most.filter(|most| !(2.0..=1000.0).contains(most)) {
            Some(most) => (
                format!("the maximum concurrency is {most}"),
                "set it to 2 to 1000, or remove it",
            ),
            None if batch > 10.0 && is_fifo => (
                format!("the batch size is {batch}, and the queue is FIFO"),
                "set the batch size to at most 10",
            ),
            None if batch > 10.0 && window < 1.0 => (
                format!("the batch size is {batch}, without a batch window"),
                "set a batch window of at least 1 s, or a batch size of at most 10",
            ),
            None if batch > 10_000.0 => (
                format!("the batch size is {batch}"),
                "set it to at most 10000",
            ),
            None if window > 300.0 => (
                format!("the batch window is {window} s"),
                "set it to at most 300 s",
            ),
            None => return None,
        };
        Some(Fault::new(mapping, what, change))
    });
    refused.collect()
}
