//! An audit over a table of DynamoDB.

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate,
    KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType,
};
use s3_dispatch::DynamoDbStore;

use crate::bucket::{BUCKET, Bucket};
use crate::proof::{names, run};

pub(crate) const TESTS: &[(&str, fn())] = &[(
    "dynamodb::an_index_is_needed_and_finds_what_was_handled_before",
    || run(indexed()),
)];

/// The store in a table of this name.
pub(crate) fn store(table: &str) -> DynamoDbStore {
    DynamoDbStore::new(client(&endpoint().unwrap()), table)
}

fn endpoint() -> Option<String> {
    std::env::var("S3_DISPATCH_AWS_ENDPOINT").ok()
}

fn client(endpoint: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
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

async fn create_table(client: &Client, table: &str) {
    let (key, attribute) = hash_key("pk");
    let create = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key)
        .attribute_definitions(attribute);

    create.send().await.unwrap();
}

async fn add_index(client: &Client, table: &str) {
    let (key, attribute) = hash_key("state");
    let projection = Projection::builder()
        .projection_type(ProjectionType::Include)
        .non_key_attributes("expires_at");
    let index = CreateGlobalSecondaryIndexAction::builder()
        .index_name("states")
        .key_schema(key)
        .projection(projection.build());
    let update = GlobalSecondaryIndexUpdate::builder().create(index.build().unwrap());
    let update = client
        .update_table()
        .table_name(table)
        .attribute_definitions(attribute)
        .global_secondary_index_updates(update.build());

    update.send().await.unwrap();
}

async fn indexed() {
    let Some(endpoint) = endpoint() else {
        println!("skipped: S3_DISPATCH_AWS_ENDPOINT is not set");
        return;
    };

    let (client, folder) = (client(&endpoint), tempfile::tempdir().unwrap());
    let table = format!("audit-{}", std::process::id());
    create_table(&client, &table).await;
    let bucket = Bucket::start_with(20, folder, store(&table), &table).await;
    for number in 0..500 {
        bucket
            .put(&format!("photos/{number} ü+%.jpg"), number.to_string())
            .await;
    }
    bucket.pipeline.settle().await;

    let audit = async |more: &[&str]| {
        let all = ["audit", "--bucket", BUCKET, "--grace", "0s"];
        let all: Vec<_> = all.iter().chain(more).copied().collect();
        bucket.run("remembers in DynamoDB", &all).await
    };
    let command = format!("aws dynamodb update-table --table-name {table} ");
    audit(&[]).await.check(2, &["no index `states`", &command]);

    add_index(&client, &table).await;
    let found = audit(&[]).await;
    found.check(1, &["of 500 objects handled"]);
    assert_eq!(names(&found.stdout), bucket.dropped());

    audit(&["--replay"]).await.check(0, &[]);
    audit(&[])
        .await
        .check(0, &["500 of 500 objects handled, 0 missing"]);
}
