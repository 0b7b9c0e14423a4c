//! The shape of a record: the one table of its fields.
//!
//! A row tells what a field is called in a notification and in an EventBridge event, which object
//! holds it there, and how its value is read. The names that the scanner looks for, the paths in
//! errors, and the functions that build records all come from this table: a new field is a new row.

/// Hands the table to the macro `$use_table`.
///
/// - `Struct = function(fields) { rows } + { more }`: `function` builds `Struct` from a value for
///   each row, and from the fields in `more`.
/// - `field: how [in a notification] [in an EventBridge event]`: `how` is a method of
///   [`Fields`](super::fields::Fields), and a name is written `"name" in object`. `as other` reads
///   the value another way in this form.
/// - Rows in parentheses are read as well, but are not fields of the struct: objects that hold the
///   rows below them, and what computed fields are made of.
///
/// Rows stand in the order in which S3 writes the fields, since that order is read fastest. The
/// names are those of "Event message structure" and "EventBridge event message structure", Amazon
/// S3 User Guide, 2026.
macro_rules! shape {
    ($use_table:ident) => {
        $use_table! {
            S3EventRecord = record(fields) {
                (version: raw [] ["version" in root])
                (id: raw [] ["id" in root])
                (detail_type: text [] ["detail-type" in root])
                (detail: object [] ["detail" in root])
                event_version: text ["eventVersion" in root] [];
                event_source: text ["eventSource" in root] ["source" in root];
                region: text ["awsRegion" in root] ["region" in root];
                event_time: text ["eventTime" in root] ["time" in root];
                (event_name: text ["eventName" in root] [])
                (user_identity: object ["userIdentity" in root] [])
                principal_id: text ["principalId" in user_identity] ["requester" in detail];
                (request_parameters: object ["requestParameters" in root] [])
                source_ip: text
                    ["sourceIPAddress" in request_parameters] ["source-ip-address" in detail];
                (response_elements: object ["responseElements" in root] [])
                request_id: text ["x-amz-request-id" in response_elements] ["request-id" in detail];
                host_id: text ["x-amz-id-2" in response_elements] [];
                (reason: text [] ["reason" in detail])
                (deletion_type: text [] ["deletion-type" in detail])
                (s3: object ["s3" in root] [])
                (schema_version: skip ["s3SchemaVersion" in s3] ["version" in detail])
                configuration_id: text ["configurationId" in s3] [];
            } + {
                event_name: event_name(fields),
                bucket: bucket(fields),
                object: object(fields),
                restore: restore(fields),
                replication: boxed(fields, Slot::replication, replication),
                tiering: tiering(fields),
                transition: transition(fields),
                annotations: annotations(fields),
                retention: boxed(fields, Slot::retention, retention),
                raw: fields.raw(),
            }

            Bucket = bucket(fields) {
                (bucket: object ["bucket" in s3] ["bucket" in detail])
                name: required ["name" in bucket] ["name" in bucket];
                (owner_identity: object ["ownerIdentity" in bucket] [])
                owner: text ["principalId" in owner_identity] [];
                arn: text ["arn" in bucket] ["resources" in root as first_text];
                tags: tags ["awsGeneratedTags" in bucket] ["aws-generated-tags" in bucket];
            }

            Object = object(fields) {
                (object: object ["object" in s3] ["object" in detail])
                (key: text ["key" in object] ["key" in object])
                size: number ["size" in object] ["size" in object];
                e_tag: text ["eTag" in object] ["etag" in object];
                version_id: text ["versionId" in object] ["version-id" in object];
                sequencer: text ["sequencer" in object] ["sequencer" in object];
                has_annotation: flag
                    ["hasObjectAnnotation" in object] ["has-object-annotation" in object];
            } + {
                key: key(fields),
            }

            Restore = restore_data(fields) {
                (glacier: object ["glacierEventData" in root] [])
                (restore: object ["restoreEventData" in glacier] [])
                expiry_time: text
                    ["lifecycleRestorationExpiryTime" in restore] ["restore-expiry-time" in detail];
                storage_class: text
                    ["lifecycleRestoreStorageClass" in restore] ["source-storage-class" in detail];
            }

            Replication = replication(fields) {
                (replication: object ["replicationEventData" in root] [])
                rule_id: text ["replicationRuleId" in replication] [];
                destination_bucket: text ["destinationBucket" in replication] [];
                operation: text ["s3Operation" in replication] [];
                request_time: text ["requestTime" in replication] [];
                failure_reason: text ["failureReason" in replication] [];
                threshold: digits ["threshold" in replication] [];
                time: digits ["replicationTime" in replication] [];
            }

            Tiering = tiering_data(fields) {
                (tiering: object ["intelligentTieringEventData" in root] [])
                destination_access_tier: text
                    ["destinationAccessTier" in tiering] ["destination-access-tier" in detail];
            }

            Transition = transition_data(fields) {
                (lifecycle: object ["lifecycleEventData" in root] [])
                (transition: object ["transitionEventData" in lifecycle] [])
                destination_storage_class: text
                    ["destinationStorageClass" in transition]
                    ["destination-storage-class" in detail];
            }

            Retention = retention(fields) {
                (annotations: raw ["objectAnnotation" in root] ["object-annotation" in detail])
                (s3_annotations: raw ["objectAnnotation" in s3] [])
                (retention: object
                    ["objectRetentionEventData" in root]
                    ["object-retention-event-data" in detail])
                mode: text ["mode" in retention] ["mode" in retention];
                retain_until: text
                    ["retainUntilDate" in retention] ["retain-until-date" in retention];
                event_hold: text ["eventHold" in retention] ["event-hold" in retention];
            } + {
                event_hold_duration: hold_duration(fields),
            }

            EventHoldDuration = hold_duration_data(fields) {
                (hold_duration: object
                    ["eventHoldDuration" in retention] ["event-hold-duration" in retention])
                days: number ["days" in hold_duration] ["days" in hold_duration];
                (test: text_or_skip ["Event" in root] [])
                years: number ["years" in hold_duration] ["years" in hold_duration];
            }
        }
    };
}

pub(super) use shape;
