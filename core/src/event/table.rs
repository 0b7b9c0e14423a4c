//! The table of S3's events, one row for each name.
//!
//! A row has the constant, the variant of `Known`, the name in notifications, and what EventBridge
//! calls the same event: detail type, reason and deletion type. Constants, parsers and
//! "did you mean" all come from these rows, so that a new event is one row.

/// Calls the macro `$then` with the rows.
///
/// Names: "Supported event types for SQS, SNS, and Lambda"; EventBridge's words: "EventBridge event
/// message structure"; both Amazon S3 User Guide, 2026.
macro_rules! event_table {
    ($then:ident) => {
        $then! {
            /// S3 lost an object of the Reduced Redundancy storage class.
            ///
            /// EventBridge does not send this event. The object can no longer be read.
            REDUCED_REDUNDANCY_LOST_OBJECT = ReducedRedundancyLostObject {
                name: "ReducedRedundancyLostObject",
                eventbridge: [],
            }
            /// An object was uploaded in one request.
            ///
            /// The CLI and the SDKs upload large files in parts, which gives
            /// [`Self::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD`] instead. A handler for new files
            /// needs both, or `ObjectCreated:*`.
            ///
            /// S3 sends the size in bytes, the entity tag and the sequencer.
            OBJECT_CREATED_PUT = ObjectCreatedPut {
                name: "ObjectCreated:Put",
                eventbridge: ["Object Created", reason "PutObject"],
            }
            /// An object was uploaded with an HTML form.
            ///
            /// S3 sends the size in bytes, the entity tag and the sequencer.
            OBJECT_CREATED_POST = ObjectCreatedPost {
                name: "ObjectCreated:Post",
                eventbridge: ["Object Created", reason "POST Object"],
            }
            /// An object was copied in one request.
            ///
            /// Large copies are made in parts, which gives
            /// [`Self::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD`] instead.
            ///
            /// S3 sends the size in bytes, the entity tag, the sequencer, and whether the copy has
            /// annotations.
            OBJECT_CREATED_COPY = ObjectCreatedCopy {
                name: "ObjectCreated:Copy",
                eventbridge: ["Object Created", reason "CopyObject"],
            }
            /// A multipart upload was completed.
            ///
            /// Every large upload and every large copy ends with this event. Its sequencer is that
            /// of the upload's start, so it does not show when the object appeared. The entity tag
            /// ends in the number of parts: `-2`.
            OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD = ObjectCreatedCompleteMultipartUpload {
                name: "ObjectCreated:CompleteMultipartUpload",
                eventbridge: ["Object Created", reason "CompleteMultipartUpload"],
            }
            /// An object, or one version of it, was permanently deleted.
            ///
            /// With a version id, this does not mean that the object is gone: only that version is,
            /// and an older one may be the object now. Without a version id, the bucket has no
            /// versioning, and the object is gone.
            /// [`Removal`](crate::event_data::Removal) tells them apart.
            ///
            /// S3 sends the sequencer, but neither size nor entity tag.
            OBJECT_REMOVED_DELETE = ObjectRemovedDelete {
                name: "ObjectRemoved:Delete",
                eventbridge: [
                    "Object Deleted",
                    reason "DeleteObject",
                    deletion "Permanently Deleted"
                ],
            }
            /// A delete request put a delete marker on an object in a versioned bucket.
            ///
            /// The older versions still exist.
            /// S3 sends the sequencer and the entity tag of an empty object, but no size.
            OBJECT_REMOVED_DELETE_MARKER_CREATED = ObjectRemovedDeleteMarkerCreated {
                name: "ObjectRemoved:DeleteMarkerCreated",
                eventbridge: [
                    "Object Deleted",
                    reason "DeleteObject",
                    deletion "Delete Marker Created"
                ],
            }
            /// The restoration of an archived object was started.
            ///
            /// S3 sends the size in bytes, the entity tag and the sequencer.
            OBJECT_RESTORE_POST = ObjectRestorePost {
                name: "ObjectRestore:Post",
                eventbridge: ["Object Restore Initiated"],
            }
            /// The restoration of an archived object was completed.
            ///
            /// The restored copy can be read until the time in the record's restore data.
            OBJECT_RESTORE_COMPLETED = ObjectRestoreCompleted {
                name: "ObjectRestore:Completed",
                eventbridge: ["Object Restore Completed"],
            }
            /// The restored copy of an archived object expired.
            ///
            /// The archived object still exists.
            OBJECT_RESTORE_DELETE = ObjectRestoreDelete {
                name: "ObjectRestore:Delete",
                eventbridge: ["Object Restore Expired"],
            }
            /// The replication of an object failed.
            ///
            /// EventBridge does not send replication events.
            /// The record's replication data has the reason.
            REPLICATION_OPERATION_FAILED_REPLICATION = ReplicationOperationFailedReplication {
                name: "Replication:OperationFailedReplication",
                eventbridge: [],
            }
            /// Replication Time Control stopped tracking an object.
            ///
            /// EventBridge does not send replication events.
            REPLICATION_OPERATION_NOT_TRACKED = ReplicationOperationNotTracked {
                name: "Replication:OperationNotTracked",
                eventbridge: [],
            }
            /// The replication of an object took longer than the threshold of 15 minutes.
            ///
            /// EventBridge does not send replication events.
            REPLICATION_OPERATION_MISSED_THRESHOLD = ReplicationOperationMissedThreshold {
                name: "Replication:OperationMissedThreshold",
                eventbridge: [],
            }
            /// An object was replicated after the threshold had passed.
            ///
            /// EventBridge does not send replication events.
            REPLICATION_OPERATION_REPLICATED_AFTER_THRESHOLD
                = ReplicationOperationReplicatedAfterThreshold {
                name: "Replication:OperationReplicatedAfterThreshold",
                eventbridge: [],
            }
            /// A lifecycle rule moved an object to another storage class.
            ///
            /// The name has no action. The record's transition data has the new storage class.
            LIFECYCLE_TRANSITION = LifecycleTransition {
                name: "LifecycleTransition",
                eventbridge: ["Object Storage Class Changed"],
            }
            /// Intelligent-Tiering moved an object to an archive tier.
            ///
            /// The name has no action. S3 sends size and entity tag, but no sequencer.
            INTELLIGENT_TIERING = IntelligentTiering {
                name: "IntelligentTiering",
                eventbridge: ["Object Access Tier Changed"],
            }
            /// An object's access control list was written.
            ///
            /// S3 sends the entity tag, but neither size nor sequencer.
            OBJECT_ACL_PUT = ObjectAclPut {
                name: "ObjectAcl:Put",
                eventbridge: ["Object ACL Updated"],
            }
            /// A lifecycle rule permanently deleted an object, or one version of it.
            ///
            /// With a version id, only that version is gone. Most often it was not the newest one,
            /// and the object is what it was. [`Removal`](crate::event_data::Removal) tells them
            /// apart.
            ///
            /// The event's sequencer is that of the object's creation.
            /// S3 sends neither size nor entity tag.
            LIFECYCLE_EXPIRATION_DELETE = LifecycleExpirationDelete {
                name: "LifecycleExpiration:Delete",
                eventbridge: [
                    "Object Deleted",
                    reason "Lifecycle Expiration",
                    deletion "Permanently Deleted"
                ],
            }
            /// A lifecycle rule put a delete marker on an object in a versioned bucket.
            ///
            /// The older versions still exist.
            LIFECYCLE_EXPIRATION_DELETE_MARKER_CREATED = LifecycleExpirationDeleteMarkerCreated {
                name: "LifecycleExpiration:DeleteMarkerCreated",
                eventbridge: [
                    "Object Deleted",
                    reason "Lifecycle Expiration",
                    deletion "Delete Marker Created"
                ],
            }
            /// An object's tags were written.
            ///
            /// S3 sends the entity tag, but neither size nor sequencer, and not the tags.
            OBJECT_TAGGING_PUT = ObjectTaggingPut {
                name: "ObjectTagging:Put",
                eventbridge: ["Object Tags Added"],
            }
            /// An object's tags were deleted.
            ///
            /// S3 sends the entity tag, but neither size nor sequencer.
            OBJECT_TAGGING_DELETE = ObjectTaggingDelete {
                name: "ObjectTagging:Delete",
                eventbridge: ["Object Tags Deleted"],
            }
            /// An annotation of an object was written.
            ///
            /// The record's `annotations` has the annotation.
            OBJECT_ANNOTATION_PUT = ObjectAnnotationPut {
                name: "ObjectAnnotation:Put",
                eventbridge: ["Object Annotation Created"],
            }
            /// An annotation of an object was deleted.
            ///
            /// The record's `annotations` has the name of the annotation.
            OBJECT_ANNOTATION_DELETE = ObjectAnnotationDelete {
                name: "ObjectAnnotation:Delete",
                eventbridge: ["Object Annotation Removed"],
            }
            /// An object's retention was written.
            ///
            /// The record's `retention` has the new retention.
            OBJECT_RETENTION_PUT = ObjectRetentionPut {
                name: "ObjectRetention:Put",
                eventbridge: ["Object Retention Updated"],
            }
        }
    };
}

pub(crate) use event_table;
