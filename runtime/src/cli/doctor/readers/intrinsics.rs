//! CloudFormation's functions, as far as a template alone answers them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::known::{Answer, Part, Text, Tree};

/// A template, to resolve its values against.
pub(super) struct Template<'t> {
    parameters: &'t Value,
    conditions: &'t Value,
    pub(super) resources: Map<String, Value>,
}

/// Conditions may name each other. More steps than these are a ring.
const DEEPEST: usize = 64;

impl<'t> Template<'t> {
    pub(super) fn new(json: &'t Value) -> Self {
        Self {
            parameters: &json["Parameters"],
            conditions: &json["Conditions"],
            resources: json["Resources"].as_object().cloned().unwrap_or_default(),
        }
    }

    /// The value with its functions resolved. Parameters have their defaults.
    pub(super) fn resolve(&self, value: &Value) -> Tree {
        match value {
            Value::Object(members) => match only_member(members) {
                Some((name, argument)) if name == "Ref" || name.starts_with("Fn::") => {
                    self.function(name, argument)
                }
                _ => self.members(members),
            },
            Value::Array(items) => {
                let items = items.iter().filter(|item| !is_no_value(item));
                Tree::List(items.map(|item| self.resolve(item)).collect())
            }
            other => Tree::of_json(other),
        }
    }

    fn members(&self, members: &Map<String, Value>) -> Tree {
        let resolved: BTreeMap<String, Tree> = members
            .iter()
            .map(|(name, value)| (name.clone(), self.resolve(value)))
            .collect();
        Tree::Map(resolved)
    }

    fn function(&self, name: &str, argument: &Value) -> Tree {
        match (name, argument) {
            ("Ref", Value::String(name)) => self.reference(name),
            ("Fn::GetAtt", Value::Array(path)) => match path.first().and_then(Value::as_str) {
                Some(resource) => Tree::Text(Text::of(resource)),
                None => Tree::Unknown,
            },
            ("Fn::GetAtt", Value::String(path)) => {
                let resource = path.split('.').next().unwrap_or(path);
                Tree::Text(Text::of(resource))
            }
            ("Fn::Sub", Value::String(text)) => self.substituted(text, &Value::Null),
            ("Fn::Sub", Value::Array(arguments)) => match &arguments[..] {
                [Value::String(text), variables] => self.substituted(text, variables),
                [Value::String(text)] => self.substituted(text, &Value::Null),
                _ => Tree::Unknown,
            },
            ("Fn::Join", Value::Array(arguments)) => match &arguments[..] {
                [Value::String(separator), Value::Array(items)] => self.joined(separator, items),
                _ => Tree::Unknown,
            },
            ("Fn::If", Value::Array(arguments)) => match &arguments[..] {
                [Value::String(condition), yes, no] => match self.condition(condition, 0) {
                    Answer::Yes => self.resolve(yes),
                    Answer::No => self.resolve(no),
                    Answer::Maybe => Tree::Unknown,
                },
                _ => Tree::Unknown,
            },
            // A text of this JSON, which the readers of documents take as it is.
            ("Fn::ToJsonString", argument) => self.resolve(argument),
            _ => Tree::Unknown,
        }
    }

    fn reference(&self, name: &str) -> Tree {
        if name == "AWS::NoValue" {
            return Tree::Null;
        }
        if self.resources.contains_key(name) {
            return Tree::Text(Text::of(name));
        }

        match self.parameters[name].get("Default") {
            Some(default) => Tree::of_json(default),
            None => Tree::Unknown,
        }
    }

    /// The parts of a text with `${Name}`, `${Name.Attribute}` and `${!Literal}`.
    fn substituted(&self, text: &str, variables: &Value) -> Tree {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            parts.push(Part::Literal(before.to_owned()));
            let Some((name, behind)) = after.split_once('}') else {
                return Tree::Unknown;
            };
            match (name.strip_prefix('!'), variables.get(name)) {
                (Some(literal), _) => parts.push(Part::Literal(format!("${{{literal}}}"))),
                (None, Some(value)) => parts.extend(parts_of(&self.resolve(value))),
                (None, None) => {
                    let resource = name.split('.').next().unwrap_or(name);
                    parts.extend(parts_of(&self.reference(resource)));
                }
            }
            rest = behind;
        }
        parts.push(Part::Literal(rest.to_owned()));

        Tree::Text(Text::new(parts))
    }

    fn joined(&self, separator: &str, items: &[Value]) -> Tree {
        let mut parts = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                parts.push(Part::Literal(separator.to_owned()));
            }
            parts.extend(parts_of(&self.resolve(item)));
        }

        Tree::Text(Text::new(parts))
    }

    /// Whether a condition holds with the defaults of the parameters.
    pub(super) fn condition(&self, name: &str, depth: usize) -> Answer {
        match self.conditions.get(name) {
            Some(condition) if depth < DEEPEST => self.holds(condition, depth + 1),
            _ => Answer::Maybe,
        }
    }

    fn holds(&self, condition: &Value, depth: usize) -> Answer {
        let Some((name, argument)) = condition.as_object().and_then(only_member) else {
            return Answer::Maybe;
        };
        let arguments = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut answers = arguments.iter().map(|argument| self.holds(argument, depth));

        match (name, arguments) {
            ("Condition", _) => argument
                .as_str()
                .map_or(Answer::Maybe, |name| self.condition(name, depth)),
            ("Fn::Not", [_]) => answers.next().map_or(Answer::Maybe, Answer::not),
            ("Fn::And", _) => Answer::all(answers),
            ("Fn::Or", _) => Answer::any(answers),
            ("Fn::Equals", [left, right]) => match (self.resolve(left), self.resolve(right)) {
                (Tree::Text(left), Tree::Text(right)) => left.matches(&right),
                (left, right) if left.is_unknown() || right.is_unknown() => Answer::Maybe,
                (left, right) => (left == right).into(),
            },
            _ => Answer::Maybe,
        }
    }
}

fn only_member(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut all = members.iter();
    match (all.next(), all.next()) {
        (Some((name, value)), None) => Some((name, value)),
        _ => None,
    }
}

fn is_no_value(value: &Value) -> bool {
    value["Ref"] == "AWS::NoValue"
}

fn parts_of(tree: &Tree) -> Vec<Part> {
    match tree {
        Tree::Text(text) => text.parts().to_vec(),
        Tree::Number(number) => vec![Part::Literal(number.to_string())],
        Tree::Bool(flag) => vec![Part::Literal(flag.to_string())],
        _ => vec![Part::Unknown],
    }
}
