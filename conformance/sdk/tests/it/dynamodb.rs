//! `DynamoDbStore`: the conformance suite, and how records fail and are remembered.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndex,
    GlobalSecondaryIndexUpdate, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};
use s3_dispatch::once::{Claim, Identity};
use s3_dispatch::{
    ClaimStore, Deduplicated, DynamoDbStore, EventName, Exclusive, HistoryEntry, MessageContext,
    Outcome, Router, Routes, SkipReason,
};
use s3_dispatch_testing::{RecordBuilder, conformance};
use tokio::sync::Notify;

fn client(endpoint: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(crate::credentials())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint);
    Client::from_conf(config.build())
}

fn hash_key(name: &str) -> (KeySchemaElement, AttributeDefinition) {
    let key = KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(KeyType::Hash);
    let attribute = AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S);

    (key.build().unwrap(), attribute.build().unwrap())
}

/// Creates the table that the documentation describes, without the index for audits.
async fn table(client: &Client) -> String {
    create_table(client, false).await
}

/// Creates the table that the documentation describes.
async fn create_table(client: &Client, has_index: bool) -> String {
    let name = crate::unique("s3-dispatch");
    let (key, attribute) = hash_key("pk");
    let create = client
        .create_table()
        .table_name(&name)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key)
        .attribute_definitions(attribute);

    let create = if has_index {
        let (key, attribute) = hash_key("state");
        let projection = Projection::builder()
            .projection_type(ProjectionType::Include)
            .non_key_attributes("expires_at");
        let index = GlobalSecondaryIndex::builder()
            .index_name("states")
            .key_schema(key)
            .projection(projection.build());
        create
            .attribute_definitions(attribute)
            .global_secondary_indexes(index.build().unwrap())
    } else {
        create
    };
    create.send().await.unwrap();

    let ttl = TimeToLiveSpecification::builder()
        .attribute_name("ttl")
        .enabled(true)
        .build()
        .unwrap();

    client
        .update_time_to_live()
        .table_name(&name)
        .time_to_live_specification(ttl)
        .send()
        .await
        .unwrap();

    name
}

#[tokio::test]
async fn it_passes_the_conformance_suite() {
    let Some(endpoint) = crate::endpoint() else {
        return;
    };

    let client = client(&endpoint);
    let store = DynamoDbStore::new(client.clone(), create_table(&client, true).await);
    conformance::check_lease_store(&store).await;
    conformance::check_sequencer_store(&store).await;
}

/// The index is there on demand, and finds what was completed before.
#[tokio::test]
async fn without_the_index_only_audits_are_missing() {
    let Some(endpoint) = crate::endpoint() else {
        return;
    };

    let client = client(&endpoint);
    let table = table(&client).await;
    let routes = || Routes::new(()).on_fn("*", async || Ok::<_, std::io::Error>(()));
    let once = || Deduplicated::new(routes(), DynamoDbStore::new(client.clone(), &table));
    let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT).build();

    let outcome = once().route(&record, &MessageContext::new()).await;
    assert!(matches!(outcome, Outcome::Handled), "{outcome:?}");
    let outcome = once().route(&record, &MessageContext::new()).await;
    assert!(
        matches!(outcome, Outcome::Skipped(SkipReason::Duplicate)),
        "{outcome:?}"
    );

    let router = once();
    let records = [record];
    let history = router.history().unwrap();
    let error = history.look_up(&records).await.unwrap_err();
    let cause = error.source().unwrap().to_string();
    let command = format!("`aws dynamodb update-table --table-name {table} ");
    assert!(
        cause.contains("no index `states`") && cause.contains(&command),
        "{cause}"
    );

    let (key, attribute) = hash_key("state");
    let projection = Projection::builder()
        .projection_type(ProjectionType::Include)
        .non_key_attributes("expires_at");
    let index = CreateGlobalSecondaryIndexAction::builder()
        .index_name("states")
        .key_schema(key)
        .projection(projection.build());
    let update = GlobalSecondaryIndexUpdate::builder().create(index.build().unwrap());
    let updated = client
        .update_table()
        .table_name(&table)
        .attribute_definitions(attribute)
        .global_secondary_index_updates(update.build());
    updated.send().await.unwrap();

    let entries = history.look_up(&records).await.unwrap();
    assert_eq!(entries, [HistoryEntry::Handled]);
}

#[tokio::test]
async fn items_have_a_time_to_live() {
    let Some(endpoint) = crate::endpoint() else {
        return;
    };

    let client = client(&endpoint);
    let table = table(&client).await;
    let store = DynamoDbStore::new(client.clone(), &table);
    let identity = Identity::new("a|b");

    assert!(matches!(
        store
            .claim(&identity, Duration::from_secs(60))
            .await
            .unwrap(),
        Claim::Acquired(_)
    ));

    let items = client.scan().table_name(&table).send().await.unwrap();
    let [item] = items.items() else {
        panic!("{items:?}")
    };

    assert_eq!(item["pk"].as_s().unwrap(), "record#a|b");
    let ttl: u64 = item["ttl"].as_n().unwrap().parse().unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    assert!(
        (now + 50..now + 70).contains(&ttl),
        "{ttl} is not a minute after {now}"
    );
}

#[tokio::test]
async fn two_processes_handle_a_record_once() {
    let Some(endpoint) = crate::endpoint() else {
        return;
    };

    let client = client(&endpoint);
    let table = table(&client).await;
    let handled = Arc::new(std::sync::atomic::AtomicUsize::new(0));

    let process = || {
        let count = Arc::clone(&handled);
        let routes = Routes::new(()).on_fn("*", move || {
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            async { Ok::<_, std::io::Error>(()) }
        });

        Deduplicated::new(routes, DynamoDbStore::new(self::client(&endpoint), &table))
    };

    let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
        .with_key("a b")
        .build();
    let outcome = process().route(&record, &MessageContext::new()).await;
    assert!(matches!(outcome, Outcome::Handled), "{outcome:?}");
    let outcome = process().route(&record, &MessageContext::new()).await;
    assert!(
        matches!(outcome, Outcome::Skipped(SkipReason::Duplicate)),
        "{outcome:?}"
    );
    assert_eq!(handled.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn two_processes_handle_one_record_of_a_key_at_a_time() {
    let Some(endpoint) = crate::endpoint() else {
        return;
    };

    let table = table(&client(&endpoint)).await;
    let (begun, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let process = || {
        let (begun, end) = (Arc::clone(&begun), Arc::clone(&end));
        let routes = Routes::new(()).on_fn("*", move || {
            let (begun, end) = (Arc::clone(&begun), Arc::clone(&end));
            async move {
                begun.notify_one();
                end.notified().await;
                Ok::<_, std::io::Error>(())
            }
        });

        let store = DynamoDbStore::new(self::client(&endpoint), &table);
        Exclusive::new(routes, store).with_wait(Duration::ZERO)
    };

    let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT).build();
    let (first, second, message) = (process(), process(), MessageContext::new());
    let other = async {
        begun.notified().await;
        let outcome = second.route(&record, &message).await;
        end.notify_one();
        outcome
    };

    let (handled, refused) = tokio::join!(first.route(&record, &message), other);
    assert!(matches!(handled, Outcome::Handled), "{handled:?}");
    let Outcome::Failed(error) = refused else {
        panic!("{refused:?}")
    };
    let left = error.retry_after().unwrap();
    assert!(
        left > Duration::from_secs(20) && left <= Duration::from_secs(30),
        "{left:?}"
    );

    // The lease was released.
    end.notify_one();
    let outcome = second.route(&record, &message).await;
    assert!(matches!(outcome, Outcome::Handled), "{outcome:?}");
}

#[tokio::test]
async fn a_missing_table_fails_the_record_for_a_retry() {
    let Some(endpoint) = crate::endpoint() else {
        return;
    };

    let routes = Routes::new(()).on_fn("*", || async { Ok::<_, std::io::Error>(()) });
    let router = Deduplicated::new(
        routes,
        DynamoDbStore::new(client(&endpoint), crate::unique("missing")),
    );
    let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT).build();
    let outcome = router.route(&record, &MessageContext::new()).await;
    let Outcome::Failed(error) = outcome else {
        panic!("{outcome:?}")
    };

    assert!(!error.is_permanent());
    assert!(
        format!("{error:#}").contains("ResourceNotFoundException"),
        "{error:#}"
    );
}
