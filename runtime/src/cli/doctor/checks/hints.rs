//! What the filters on the way of the events say about keys.

use super::super::known::Tree;
use super::super::model::Source;
use super::case::Case;

/// The texts of all filters on the way, because keys that are like them are at the edges.
pub(super) fn hints(case: &Case<'_>) -> Vec<String> {
    const MOST: usize = 40;

    let mut hints = Vec::new();
    for (queue, feed) in case.feeds() {
        if let Some(mapping) = queue.mapping {
            let filters = mapping.get("FilterCriteria").get("Filters").items();
            filters
                .iter()
                .for_each(|one| collect(&one.get("Pattern").document(), &mut hints));
        }
        match &feed.source {
            Source::Subscription { subscription, .. } => {
                collect(&subscription.get("FilterPolicy").document(), &mut hints);
            }
            Source::Rule { rule, .. } => collect(&rule.get("EventPattern").document(), &mut hints),
            Source::Bucket => {}
        }
        for bucket in &feed.buckets {
            let notifications = bucket.get("Notifications");
            let lists = ["Topics", "Queues"]
                .iter()
                .flat_map(|list| notifications.get(list).items());
            for entry in lists {
                collect(entry.get("Prefix"), &mut hints);
                collect(entry.get("Suffix"), &mut hints);
            }
        }
    }
    hints.truncate(MOST);

    hints
}

fn collect(tree: &Tree, hints: &mut Vec<String>) {
    match tree {
        Tree::List(items) => items.iter().for_each(|item| collect(item, hints)),
        Tree::Map(members) => members.values().for_each(|member| collect(member, hints)),
        Tree::Text(text) => {
            let text = text
                .as_str()
                .filter(|text| !text.is_empty() && !text.starts_with("Object"));
            if let Some(text) = text.map(str::to_owned).filter(|text| !hints.contains(text)) {
                hints.push(text);
            }
        }
        _ => {}
    }
}
