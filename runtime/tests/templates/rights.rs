//! What a function or a worker may do.

use s3_dispatch_testing::IamPolicyDocument;
use serde_json::{Value, json};

use crate::program::Taken;
use crate::stack::{Stack, stack};

pub(crate) const TESTS: &[(&str, fn())] = &[
    (
        "handlers_may_do_what_they_declare_in_every_partition",
        handlers_may_do_what_they_declare,
    ),
    (
        "nobody_may_do_more_than_the_queues_need",
        nobody_may_do_more_than_the_queues_need,
    ),
    (
        "a_store_may_be_used_as_its_wrappers_need",
        a_store_may_be_used_as_its_wrappers_need,
    ),
    (
        "keys_that_look_like_patterns_stay_literal",
        keys_that_look_like_patterns_stay_literal,
    ),
];

const KINDS: [&[&str]; 4] = [
    &["--format", "sam"],
    &["--format", "cloudformation", "--event-bus"],
    &["--format", "sam", "--worker"],
    &["--format", "cloudformation", "--existing-bucket"],
];

fn resizing() -> Vec<Taken> {
    let mut photos = Taken::event("ObjectCreated:*");
    photos.prefix = Some("photos/".into());
    photos.suffix = Some(".jpg".into());
    photos.reads = true;
    photos.writes = Some("small/".into());
    let mut removed = Taken::event("ObjectRemoved:*");
    removed.prefix = Some("photos/".into());
    removed.deletes = Some("trash/".into());

    vec![photos, removed]
}

/// The documents that say what the program may do.
fn documents(stack: &Stack) -> Vec<Value> {
    if stack.ids("AWS::IAM::Role").is_empty() {
        let policies = stack.ids("AWS::IAM::ManagedPolicy").into_iter();
        let documents = policies.map(|id| stack.properties(id)["PolicyDocument"].take());
        return documents.collect();
    }

    let mut role = stack.properties("ResizePhotosRole");
    let policies = role["Policies"].as_array_mut().unwrap().iter_mut();
    policies
        .map(|policy| policy["PolicyDocument"].take())
        .collect()
}

fn allowed(documents: &[Value], action: &str, resource: &str) -> bool {
    documents.iter().any(|document| {
        let document = IamPolicyDocument::parse(&document.to_string());
        document.unwrap().allows(action, resource)
    })
}

fn handlers_may_do_what_they_declare() {
    for kind in KINDS {
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let stack = stack(&resizing(), kind).in_partition(partition);
            let documents = documents(&stack);
            let may = |action, bucket_and_key: &str| {
                allowed(
                    &documents,
                    action,
                    &format!("arn:{partition}:s3:::{bucket_and_key}"),
                )
            };

            assert!(may("s3:GetObject", "uploads/photos/1.jpg"), "{kind:?}");
            assert!(may("s3:PutObject", "results/small/1.jpg"));
            assert!(may("s3:DeleteObject", "uploads/trash/1"));
            assert!(may("s3:ListBucket", "uploads") && may("s3:ListBucket", "results"));

            for (action, place) in [
                ("s3:GetObject", "uploads/photos/1.png"),
                ("s3:GetObject", "another/photos/1.jpg"),
                ("s3:PutObject", "uploads/small/1.jpg"),
                ("s3:PutObject", "results/1.jpg"),
                ("s3:DeleteObject", "uploads/photos/1.jpg"),
                ("s3:DeleteBucket", "uploads"),
            ] {
                assert!(!may(action, place), "{kind:?}: {action} {place}");
            }
        }
    }
}

fn nobody_may_do_more_than_the_queues_need() {
    let queues = ["Queue", "DeadLettersQueue", "UndeliveredQueue"];
    let actions = [
        ("sqs:ReceiveMessage", "Queue"),
        ("sqs:DeleteMessage", "Queue"),
        ("sqs:GetQueueAttributes", "Queue"),
        ("sqs:ChangeMessageVisibility", "Queue"),
        ("sqs:SendMessage", "DeadLettersQueue"),
        ("sqs:PurgeQueue", ""),
        ("sqs:SetQueueAttributes", ""),
    ];

    for kind in KINDS {
        let stack = stack(&resizing(), kind);
        let documents = documents(&stack);
        for queue in queues {
            for (action, needed) in actions {
                let arn = format!("@ResizePhotos{queue}.Arn");
                assert_eq!(
                    allowed(&documents, action, &arn),
                    queue == needed,
                    "{kind:?}: {action} {queue}"
                );
            }
        }

        let logs = "arn:aws:logs:here-1:123456789012:log-group:@ResizePhotosLogGroup:log-stream:1";
        let logs_itself = !kind.contains(&"--worker");
        assert_eq!(
            allowed(&documents, "logs:PutLogEvents", logs),
            logs_itself,
            "{kind:?}"
        );
        assert!(!allowed(&documents, "logs:DeleteLogGroup", logs));

        let without = crate::stack::stack(&[Taken::event("ObjectCreated:*")], kind);
        let text = json!(self::documents(&without)).to_string();
        assert!(!text.contains("s3:"), "{text}");
    }
}

fn a_store_may_be_used_as_its_wrappers_need() {
    let (table, index) = ("@StoreTable.Arn", "@StoreTable.Arn/index/states");
    for kind in KINDS {
        let without = stack(&resizing(), kind);
        assert!(without.ids("AWS::DynamoDB::Table").is_empty(), "{kind:?}");

        for audits in [false, true] {
            let options = if audits {
                &["--store", "--audits"][..]
            } else {
                &["--store"]
            };
            let stack = stack(&resizing(), &[kind, options].concat());
            let found = stack.properties("StoreTable");
            assert_eq!(
                found["KeySchema"],
                json!([{"AttributeName": "pk", "KeyType": "HASH"}])
            );
            assert_eq!(
                found.get("GlobalSecondaryIndexes").is_some(),
                audits,
                "{kind:?}"
            );

            let policies = stack.ids("AWS::IAM::ManagedPolicy");
            assert_eq!(policies.contains(&"AuditsPolicy"), audits, "{kind:?}");
            let is_worker = kind.contains(&"--worker");
            let own = match is_worker {
                true => vec![stack.properties("ResizePhotosStorePolicy")["PolicyDocument"].take()],
                false => documents(&stack),
            };
            for action in ["GetItem", "PutItem", "DeleteItem"] {
                assert!(
                    allowed(&own, &format!("dynamodb:{action}"), table),
                    "{kind:?}"
                );
            }
            for (action, resource) in [
                ("dynamodb:DeleteTable", table),
                ("dynamodb:Scan", table),
                ("dynamodb:Query", index),
            ] {
                assert!(!allowed(&own, action, resource), "{kind:?}: {action}");
            }
            if audits {
                let audits = [stack.properties("AuditsPolicy")["PolicyDocument"].take()];
                assert!(allowed(&audits, "dynamodb:Query", index));
                assert!(allowed(
                    &audits,
                    "s3:ListBucketVersions",
                    "arn:aws:s3:::uploads"
                ));
                assert!(!allowed(&audits, "dynamodb:PutItem", table));
            }
            if !is_worker {
                let function = stack.properties("ResizePhotosFunction");
                let variables = &function["Environment"]["Variables"];
                assert_eq!(variables["S3_DISPATCH_STORE_TABLE"], "@StoreTable");
            }
        }
    }
}

fn keys_that_look_like_patterns_stay_literal() {
    let mut odd = Taken::event("ObjectCreated:*");
    odd.prefix = Some("a*/${AWS::Region}/?".into());
    odd.reads = true;
    let stack = stack(&[odd], &["--format", "sam"]).in_partition("aws-cn");
    let documents = documents(&stack);

    let may = |key| {
        allowed(
            &documents,
            "s3:GetObject",
            &format!("arn:aws-cn:s3:::uploads/{key}"),
        )
    };
    assert!(may("a*/${AWS::Region}/?1"));
    assert!(!may("ab/${AWS::Region}/?1") && !may("a*/here-1/?1") && !may("a*/${AWS::Region}/b1"));
}
