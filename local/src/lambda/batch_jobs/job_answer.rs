//! The answer of a function to an invocation of a job.

use std::collections::HashMap;

use serde::Deserialize;

use super::report::TaskStatus;
use crate::lambda::function::FunctionError;

/// The results of an invocation, by the ids of tasks.
pub(super) struct JobAnswer {
    results: HashMap<String, (TaskStatus, String)>,
    /// What a task without a result is.
    missing: (TaskStatus, String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerJson {
    invocation_id: String,
    #[serde(default)]
    treat_missing_keys_as: Option<ResultCode>,
    results: Vec<ResultJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultJson {
    task_id: String,
    result_code: ResultCode,
    #[serde(default)]
    result_string: String,
}

#[derive(Deserialize, Clone, Copy)]
enum ResultCode {
    Succeeded,
    TemporaryFailure,
    PermanentFailure,
}

impl JobAnswer {
    /// Reads the answer to the invocation with this id. What cannot be read is a temporary failure
    /// of all tasks, and so is the error of a function.
    pub(super) fn read(answer: Result<bytes::Bytes, FunctionError>, invocation_id: &str) -> Self {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Self::without(format!("Lambda returned function error: {error}")),
        };

        match serde_json::from_slice::<AnswerJson>(&answer) {
            Ok(answer) if answer.invocation_id == invocation_id => Self::from(answer),
            Ok(_) => Self::without("Lambda returned the id of another invocation".to_owned()),
            Err(error) => Self::without(format!("Lambda returned an invalid answer: {error}")),
        }
    }

    /// The result of a task.
    pub(super) fn of(&self, task_id: &str) -> (TaskStatus, String) {
        self.results.get(task_id).unwrap_or(&self.missing).clone()
    }

    fn without(message: String) -> Self {
        Self {
            results: HashMap::new(),
            missing: (TaskStatus::TemporaryFailure, message),
        }
    }
}

impl From<AnswerJson> for JobAnswer {
    fn from(answer: AnswerJson) -> Self {
        let missing = answer.treat_missing_keys_as;
        let missing = missing.map_or(TaskStatus::TemporaryFailure, TaskStatus::from);
        let results = answer.results.into_iter().map(|result| {
            let status = TaskStatus::from(result.result_code);
            (result.task_id, (status, result.result_string))
        });

        Self {
            results: results.collect(),
            missing: (missing, "the answer has no result for the task".to_owned()),
        }
    }
}

impl From<ResultCode> for TaskStatus {
    fn from(code: ResultCode) -> Self {
        match code {
            ResultCode::Succeeded => Self::Succeeded,
            ResultCode::TemporaryFailure => Self::TemporaryFailure,
            ResultCode::PermanentFailure => Self::PermanentFailure,
        }
    }
}
