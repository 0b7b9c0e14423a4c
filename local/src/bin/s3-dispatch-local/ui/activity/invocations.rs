//! The invocations that have not ended, and the events that they are about.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use s3_dispatch_local::{Hop, ReceivedMessage, Step, StepKind};

use super::subject::Subject;
use crate::console::StepLine;

/// The invocations that have not ended, by request id.
#[derive(Default)]
pub(super) struct OpenInvocations(HashMap<Arc<str>, Invocation>);

#[derive(Default)]
struct Invocation {
    /// `None` until the invocation starts.
    function: Option<Arc<str>>,
    subjects: Vec<Subject>,
    /// Faults that were injected before the invocation started.
    early_faults: Vec<(Step, Arc<StepLine>)>,
}

impl OpenInvocations {
    /// Keeps a fault until its invocation starts and its subjects are known.
    pub(super) fn keep_early_fault(
        &mut self,
        request_id: &Arc<str>,
        step: &Step,
        line: Arc<StepLine>,
    ) {
        let invocation = self.0.entry(Arc::clone(request_id)).or_default();
        invocation.early_faults.push((step.clone(), line));
    }

    /// Starts an invocation, and returns its early faults.
    pub(super) fn start(
        &mut self,
        request_id: &Arc<str>,
        function: &Arc<str>,
        subjects: &[Subject],
    ) -> Vec<(Step, Arc<StepLine>)> {
        let invocation = self.0.entry(Arc::clone(request_id)).or_default();
        invocation.function = Some(Arc::clone(function));
        invocation.subjects = subjects.to_vec();

        std::mem::take(&mut invocation.early_faults)
    }

    pub(super) fn end(&mut self, request_id: &Arc<str>) {
        self.0.remove(request_id);
    }

    /// How many invocations of this function are running.
    pub(super) fn count(&self, function: &str) -> usize {
        self.of_function(function).count()
    }

    /// The events or messages that a step is about. Empty if they are unknown.
    pub(super) fn subjects_of(&self, step: &Step) -> Vec<Subject> {
        if let Some(event) = step.event {
            return vec![Subject::Event(event)];
        }

        match &step.kind {
            StepKind::Invoked { messages, .. } => subjects_of_batch(messages),
            StepKind::Answered { request_id, .. }
            | StepKind::FaultInjected {
                hop: Hop::Invoke,
                id: Some(request_id),
                ..
            } => self
                .0
                .get(request_id)
                .map(|invocation| invocation.subjects.clone())
                .unwrap_or_default(),
            StepKind::FunctionLog { function, .. }
            | StepKind::FunctionCrashed { function, .. }
            | StepKind::FunctionTimedOut { function, .. } => self.subjects_of_function(function),
            StepKind::Enqueued { message_id, .. }
            | StepKind::Outcome { message_id, .. }
            | StepKind::Received { message_id, .. }
            | StepKind::VisibilityChanged { message_id, .. }
            | StepKind::Deleted { message_id, .. }
            | StepKind::Redriven { message_id, .. }
            | StepKind::Expired { message_id, .. }
            | StepKind::FaultInjected {
                id: Some(message_id),
                ..
            } => vec![Subject::Message(Arc::clone(message_id))],
            _ => Vec::new(),
        }
    }

    /// What a function is working on, if it runs only one invocation. A log line does not say which
    /// invocation it belongs to.
    fn subjects_of_function(&self, function: &str) -> Vec<Subject> {
        let mut invocations = self.of_function(function);

        match (invocations.next(), invocations.next()) {
            (Some(only), None) => only.subjects.clone(),
            _ => Vec::new(),
        }
    }

    fn of_function(&self, function: &str) -> impl Iterator<Item = &Invocation> {
        self.0
            .values()
            .filter(move |invocation| invocation.function.as_deref() == Some(function))
    }
}

/// The subjects of a batch, each once: a batch may contain duplicates of an event.
fn subjects_of_batch(messages: &[ReceivedMessage]) -> Vec<Subject> {
    let mut seen = HashSet::new();
    let subjects = messages.iter().map(|message| match message.event {
        Some(event) => Subject::Event(event),
        None => Subject::Message(Arc::clone(&message.message_id)),
    });
    subjects
        .filter(|subject| seen.insert(subject.clone()))
        .collect()
}
