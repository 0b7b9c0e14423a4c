//! A program that gets a queue, and what a template says about it.

use std::error::Error;

use s3_dispatch_core::Manifest;
use s3_dispatch_core::manifest::Warning;
use serde_json::Value;

use super::options::Options;
use super::piece::Filling;
use super::processor::{ObjectStatement, Processor, object_access};
use super::yaml::{block, scalar};

/// A program that gets a queue.
pub(super) struct Member {
    pub(super) name: String,
    /// The name as a part of logical ids: `PutProcessor`.
    pub(super) id: String,
    pub(super) events: Vec<String>,
    /// The filter policy or the event pattern.
    filter: Value,
    object_access: Vec<ObjectStatement>,
}

/// The program itself, the warnings about its filter, and whether that lets through hardly more.
pub(super) fn own_member(
    manifest: &Manifest,
    program: &str,
    options: &Options,
) -> Result<(Member, Vec<Warning>, bool), Box<dyn Error>> {
    if !options.event_bus {
        let (processor, is_close) = Processor::of(manifest, program)?;
        return Ok((Member::new(processor)?, Vec::new(), is_close));
    }

    let pattern = manifest.eventbridge_pattern()?;
    let member = Member {
        name: program.to_owned(),
        id: id(program)?,
        events: Vec::new(),
        filter: serde_json::to_value(&pattern)?,
        object_access: object_access(manifest)?,
    };

    Ok((member, pattern.warnings().to_vec(), pattern.is_close()))
}

/// A program of which a file says what it takes.
pub(super) fn other_member(file: &str) -> Result<Member, Box<dyn Error>> {
    let json = std::fs::read(file).map_err(|error| format!("`{file}` cannot be read: {error}"))?;
    let processor = Processor::parse(&json).map_err(|error| {
        format!("`{file}` is not the output of `policy --format terraform`: {error}")
    })?;

    Member::new(processor)
}

impl Member {
    pub(super) fn new(processor: Processor) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            id: id(&processor.name)?,
            name: processor.name,
            events: processor.events,
            filter: processor.filter_policy,
            object_access: processor.object_access,
        })
    }

    pub(super) fn filling(&self, shared: &Filling, options: &Options) -> Filling {
        let mut filling = shared.clone();
        filling.set("Id", &*self.id);
        filling.set("name", &*self.name);
        filling.set_flag("filter", !self.filter.is_null());
        filling.set("filter", block(&self.filter));

        let statements: Vec<_> = self
            .object_access
            .iter()
            .map(ObjectStatement::to_policy)
            .collect();
        filling.set_flag("objects", !statements.is_empty());
        filling.set("objects", block(&Value::from(statements)));

        let package = format!("{}/{}.zip", options.packages, self.name);
        filling.set("package", scalar(&package));

        let variables = options.environment.iter();
        let variables = variables.map(|(name, value)| (name.clone(), Value::from(&**value)));
        let variables = variables.collect::<serde_json::Map<_, _>>();
        let written = if variables.is_empty() {
            String::new()
        } else {
            block(&variables.into())
        };
        filling.set("environment", written);

        // The ARN of a rule has the name of its processor.
        let sender = filling.fill("<sender-arn>");
        filling.set("sender-arn", filling.fill(&sender).trim_end());

        filling
    }
}

/// The name of a program as a part of logical ids, which have letters and digits only.
fn id(name: &str) -> Result<String, Box<dyn Error>> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    let words = name.split(['-', '_']).filter(|word| !word.is_empty());
    let id: String = words
        .flat_map(|word| {
            let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
            [first.to_ascii_uppercase(), rest.to_owned()]
        })
        .collect();

    if id.is_empty() || name.len() > 40 || !name.chars().all(is_part) {
        return Err(format!(
            "the name of the program, `{name}`, cannot be a part of the name of a queue: it must \
             have letters, digits, `-` and `_`, and at most 40 of them"
        )
        .into());
    }

    Ok(id)
}
