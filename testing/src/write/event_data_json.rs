//! The extra data of some events, as S3 writes it after `s3` in a record.

use serde::Serialize;

use crate::record::event_data::{EventData, RestoreData, RetentionData};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GlacierEventData<'b> {
    restore_event_data: RestoreEventData<'b>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RestoreEventData<'b> {
    lifecycle_restoration_expiry_time: &'b str,
    lifecycle_restore_storage_class: &'b str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IntelligentTieringEventData<'b> {
    destination_access_tier: &'b str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LifecycleEventData<'b> {
    transition_event_data: TransitionEventData<'b>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TransitionEventData<'b> {
    destination_storage_class: &'b str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RetentionEventData<'b> {
    mode: &'b str,
    retain_until_date: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_hold: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_hold_duration: Option<EventHoldDuration>,
}

#[derive(Serialize)]
pub(super) struct EventHoldDuration {
    pub(super) days: u64,
}

impl<'b> GlacierEventData<'b> {
    pub(super) fn new(restore: &'b RestoreData) -> Self {
        Self {
            restore_event_data: RestoreEventData {
                lifecycle_restoration_expiry_time: &restore.expiry_time,
                lifecycle_restore_storage_class: &restore.storage_class,
            },
        }
    }
}

impl<'b> IntelligentTieringEventData<'b> {
    pub(super) fn new(data: &'b EventData) -> Option<Self> {
        let destination_access_tier = data.tiering.as_deref()?;
        Some(Self {
            destination_access_tier,
        })
    }
}

impl<'b> LifecycleEventData<'b> {
    pub(super) fn new(data: &'b EventData) -> Option<Self> {
        let destination_storage_class = data.transition.as_deref()?;
        Some(Self {
            transition_event_data: TransitionEventData {
                destination_storage_class,
            },
        })
    }
}

impl<'b> RetentionEventData<'b> {
    pub(super) fn new(retention: &'b RetentionData) -> Self {
        let hold_days = retention.event_hold_days;

        Self {
            mode: &retention.mode,
            retain_until_date: &retention.retain_until,
            event_hold: retention.event_hold.as_deref(),
            event_hold_duration: hold_days.map(|days| EventHoldDuration { days }),
        }
    }
}
