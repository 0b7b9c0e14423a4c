//! The invocation as a whole: the job, its user arguments, and its tasks.

use std::collections::HashSet;

use super::members::{Members, Names};
use super::task::Task;
use crate::delivery::{BatchInvocationId, BatchJob, BatchJobId, Delivery, Envelope, SchemaVersion};
use crate::reading::batch::each_element;
use crate::reading::json::{Path, Read, Scanner};
use crate::reading::mistake::{
    lone_surrogate, not_a_text, not_an_array, not_an_object, repeated_task_id,
};
use crate::text::Text;
use crate::{Error, EventName};

const INVOCATION: Names<4> = [
    ("invocationSchemaVersion", (0, Read::Text)),
    ("invocationId", (1, Read::Text)),
    ("job", (2, Read::Raw)),
    ("tasks", (3, Read::Raw)),
];

const JOB: Names<2> = [("id", (0, Read::Text)), ("userArguments", (1, Read::Raw))];

/// Reads an invocation of a job. Returns `None` when the payload is not one.
pub(in crate::reading) fn explain_job(
    scanner: &Scanner<'_, 0>,
    path: &Path<'_>,
) -> Result<Option<Delivery>, Error> {
    if scanner.peek() != b'{' {
        return Ok(None);
    }

    let (mark, _) = INVOCATION[0];
    let marked = scanner.member(mark).map_err(|_| lone_surrogate(path))?;
    if marked.is_none() {
        return Ok(None);
    }

    let invocation = Members::read(scanner, &INVOCATION, path)?;
    let mut job = BatchJob {
        schema_version: invocation.required::<SchemaVersion>(0)?,
        invocation_id: invocation.required::<BatchInvocationId>(1)?,
        id: None,
        user_arguments: Vec::new(),
    };

    if let Some(span) = invocation.present(2) {
        let scanner = scanner.at(span.start());
        read_job(&scanner, &invocation.path_of(2), &mut job)?;
    }

    let tasks = invocation.present(3).ok_or_else(|| invocation.missing(3))?;
    let delivery = read_tasks(&scanner.at(tasks.start()), &invocation.path_of(3), job)?;

    Ok(Some(delivery))
}

/// Reads the id and the user arguments.
fn read_job(scanner: &Scanner<'_, 0>, path: &Path<'_>, job: &mut BatchJob) -> Result<(), Error> {
    let members = Members::read(scanner, &JOB, path)?;
    job.id = members.text::<BatchJobId>(0)?;

    if let Some(span) = members.present(1) {
        job.user_arguments = user_arguments(scanner.at(span.start()), &members.path_of(1))?;
    }

    Ok(())
}

/// Reads a map of texts. Of duplicates, the last counts.
fn user_arguments(
    mut scanner: Scanner<'_, 0>,
    path: &Path<'_>,
) -> Result<Vec<(Text, Text)>, Error> {
    if scanner.peek() != b'{' {
        return Err(not_an_object(path));
    }

    let mut arguments: Vec<(Text, Result<Option<Text>, Error>)> = Vec::new();
    let read = scanner.members(|scanner, name| {
        let value = scanner.value(Read::Text)?;
        let texts = scanner.texts()?;
        let name = name.any_text(&texts)?;

        let text = value.text(&texts);
        let text = text.map_err(|_| not_a_text(value, &Path::Member(path, name.as_str())));
        arguments.retain(|(earlier, _)| *earlier != name);
        arguments.push((name, text));

        Ok(())
    });
    read.map_err(|_| lone_surrogate(path))?;

    let given = arguments
        .into_iter()
        .filter_map(|(name, value)| Some(value.transpose()?.map(|value| (name, value))));
    given.collect()
}

fn read_tasks(scanner: &Scanner<'_, 0>, path: &Path<'_>, job: BatchJob) -> Result<Delivery, Error> {
    if scanner.peek() != b'[' {
        return Err(not_an_array(path));
    }

    let default = EventName::OBJECT_CREATED_PUT;
    let event = job.event_name().unwrap_or(default.as_str());
    let mut delivery = Delivery::new(Envelope::BatchOperations);
    let mut ids = HashSet::new();

    each_element(scanner, |index, scanner| {
        let path = Path::Index(path, index);
        let task = Task::read(&scanner, &path)?;
        if !ids.insert(task.id.as_str().to_owned()) {
            return Err(repeated_task_id(&Path::Member(&path, "taskId")));
        }

        task.add_to(&mut delivery, event);
        Ok(())
    })?;

    delivery.set_batch_job(job);
    Ok(delivery)
}
