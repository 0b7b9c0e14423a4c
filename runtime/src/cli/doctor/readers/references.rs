//! What a plan refers to where it does not know the value yet.
//!
//! An ARN is "known after apply", but the configuration in the plan says whose ARN it is. Locals
//! are not in a plan, so what goes through one stays unknown.

use serde_json::{Map, Value};

use super::super::known::{Text, Tree};

/// A resource of a plan.
#[derive(Debug, Clone)]
pub(super) struct Planned<'p> {
    /// `module.a["b"].`, or nothing for the root.
    pub(super) module: String,
    pub(super) address: &'p str,
    pub(super) kind: &'p str,
    name: &'p str,
    index: Option<&'p Value>,
    values: &'p Map<String, Value>,
    expressions: Option<&'p Value>,
}

/// The resources of a plan, and its configuration.
#[derive(Debug)]
pub(super) struct Plan<'p> {
    pub(super) resources: Vec<Planned<'p>>,
    configuration: &'p Value,
}

impl<'p> Plan<'p> {
    /// Reads `planned_values` or `values`, and `configuration`, which a state does not have.
    pub(super) fn new(values: &'p Value, configuration: &'p Value) -> Self {
        let mut resources = Vec::new();
        collect(
            &values["root_module"],
            &configuration["root_module"],
            &mut resources,
        );

        Self {
            resources,
            configuration,
        }
    }

    /// An attribute. What is not known yet is the resource that it refers to, or unknown.
    pub(super) fn attribute(&self, resource: &Planned<'p>, name: &str) -> Tree {
        match resource.values.get(name) {
            Some(value) => Tree::of_json(value),
            None => {
                let expression = resource.expressions.map_or(&Value::Null, |all| &all[name]);
                self.expression(resource, expression)
            }
        }
    }

    /// An attribute in the only block of a name, such as `dead_letter_config[0].arn`. Null without
    /// a block.
    pub(super) fn in_block(&self, resource: &Planned<'p>, block: &str, name: &str) -> Tree {
        match resource.values.get(block) {
            Some(Value::Array(_)) => self
                .in_blocks(resource, block, name)
                .into_iter()
                .next()
                .unwrap_or(Tree::Null),
            Some(Value::Null) => Tree::Null,
            _ => Tree::Unknown,
        }
    }

    /// An attribute of each block of a name.
    pub(super) fn in_blocks(&self, resource: &Planned<'p>, block: &str, name: &str) -> Vec<Tree> {
        let blocks = resource
            .values
            .get(block)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let expressions = resource.expressions.map_or(&Value::Null, |all| &all[block]);

        blocks
            .enumerate()
            .map(|(index, block)| match block.get(name) {
                Some(value) => Tree::of_json(value),
                None => self.expression(resource, &expressions[index][name]),
            })
            .collect()
    }

    /// Whether the user wrote the attribute, and it is not just computed.
    pub(super) fn is_written(&self, resource: &Planned<'p>, name: &str) -> bool {
        let written = resource
            .expressions
            .is_some_and(|all| all.get(name).is_some());
        written
            || resource
                .values
                .get(name)
                .is_some_and(|value| !value.is_null())
    }

    pub(super) fn expression(&self, at: &Planned<'p>, expression: &'p Value) -> Tree {
        if let Some(constant) = expression.get("constant_value") {
            return Tree::of_json(constant);
        }

        let references = references(expression);
        match self.resolve(&at.module, at.index, &references) {
            Some(address) => Tree::Text(Text::of(&address)),
            None => Tree::Unknown,
        }
    }

    /// The only resource of a kind that an attribute refers to, whatever else it refers to.
    pub(super) fn only_reference(
        &self,
        at: &Planned<'p>,
        attribute: &str,
        kind: &str,
    ) -> Option<String> {
        let expression = &at.expressions?[attribute];
        let start = format!("{kind}.");
        let references: Vec<_> = references(expression)
            .into_iter()
            .filter(|one| one.starts_with(&start) || is_iteration(one))
            .collect();

        self.resolve(&at.module, at.index, &references)
    }

    /// The address of the one resource that all references are about.
    fn resolve(&self, module: &str, index: Option<&Value>, references: &[&str]) -> Option<String> {
        let iterates = references.iter().any(|one| is_iteration(one));
        let mut named = references.iter().filter(|one| !is_iteration(one));
        // Terraform lists `a.b.arn` and then `a.b`: the first one says the most.
        let first = named.next()?;
        if !named.all(|other| first.starts_with(other)) {
            return None;
        }

        if let Some(variable) = first.strip_prefix("var.") {
            return self.resolve_variable(module, variable.split(['.', '[']).next()?);
        }
        if let Some(output) = first.strip_prefix("module.") {
            return self.resolve_output(module, output);
        }
        if first.starts_with("data.") || first.starts_with("local.") {
            return None;
        }

        let wanted = index.filter(|_| iterates);
        let instances: Vec<_> = self
            .resources
            .iter()
            .filter(|one| one.module == module)
            .collect();
        let exact = instances.iter().find(|one| {
            let own = one.address.strip_prefix(module).unwrap_or(one.address);
            own.ends_with(']') && first.starts_with(own)
        });
        if let Some(exact) = exact {
            return Some(exact.address.to_owned());
        }

        let of_name = instances.into_iter().filter(|one| {
            let base = format!("{}.{}", one.kind, one.name);
            *first == base || first.starts_with(&format!("{base}."))
        });
        let of_name: Vec<_> = of_name.collect();
        match &of_name[..] {
            [only] if only.index.is_none() || wanted.is_none() || only.index == wanted => {
                Some(only.address.to_owned())
            }
            several => {
                let same = several
                    .iter()
                    .find(|one| wanted.is_some() && one.index == wanted)?;
                Some(same.address.to_owned())
            }
        }
    }

    /// What the caller of a module gives to a variable.
    fn resolve_variable(&self, module: &str, variable: &str) -> Option<String> {
        let (parent, call) = caller(module)?;
        let configuration = self.configuration_of(&parent)?;
        let expression = &configuration["module_calls"][call]["expressions"][variable];
        self.resolve(&parent, None, &references(expression))
    }

    /// What a module returns, such as `queues.arn` of `module.queues.arn`.
    fn resolve_output(&self, module: &str, output: &str) -> Option<String> {
        let (call, rest) = output.split_once('.')?;
        let name = rest.split(['.', '[']).next()?;
        if call.contains('[') {
            return None;
        }

        let child = format!("{module}module.{call}.");
        let configuration = self.configuration_of(&child)?;
        let expression = &configuration["outputs"][name]["expression"];
        self.resolve(&child, None, &references(expression))
    }

    /// The configuration of a module, such as `module.a["b"].module.c.`.
    fn configuration_of(&self, module: &str) -> Option<&'p Value> {
        let mut configuration = &self.configuration["root_module"];
        let mut rest = module;
        while let Some(after) = rest.strip_prefix("module.") {
            let name = after.split(['[', '.']).next()?;
            configuration = configuration
                .get("module_calls")?
                .get(name)?
                .get("module")?;
            rest = after.find(".module.").map_or("", |dot| &after[dot + 1..]);
        }

        Some(configuration)
    }
}

/// The module that calls this one, and the name of the call.
fn caller(module: &str) -> Option<(String, &str)> {
    let own = module.strip_suffix('.')?;
    let start = own.rfind("module.")?;
    let call = own[start + "module.".len()..].split('[').next()?;
    Some((own[..start].to_owned(), call))
}

fn collect<'p>(values: &'p Value, configuration: &'p Value, resources: &mut Vec<Planned<'p>>) {
    let module = values["address"]
        .as_str()
        .map_or_else(String::new, |address| format!("{address}."));
    for resource in values["resources"].as_array().into_iter().flatten() {
        let (Some(address), Some(kind), Some(name), Some(values)) = (
            resource["address"].as_str(),
            resource["type"].as_str(),
            resource["name"].as_str(),
            resource["values"].as_object(),
        ) else {
            continue;
        };
        if resource["mode"] == "data" {
            continue;
        }

        let configured = configuration["resources"].as_array().into_iter().flatten();
        let mut configured = configured.filter(|one| one["type"] == kind && one["name"] == name);
        resources.push(Planned {
            module: module.clone(),
            address,
            kind,
            name,
            index: resource.get("index"),
            values,
            expressions: configured.next().map(|one| &one["expressions"]),
        });
    }

    for child in values["child_modules"].as_array().into_iter().flatten() {
        let address = child["address"].as_str().unwrap_or_default();
        let last = address
            .rfind("module.")
            .map_or("", |start| &address[start + "module.".len()..]);
        let call = last.split('[').next().unwrap_or_default();
        collect(
            child,
            &configuration["module_calls"][call]["module"],
            resources,
        );
    }
}

fn references(expression: &Value) -> Vec<&str> {
    let all = expression["references"].as_array().into_iter().flatten();
    all.filter_map(Value::as_str).collect()
}

/// `each.key`, `each.value` or `count.index`, and what has no influence on which resource it is.
fn is_iteration(reference: &str) -> bool {
    reference.starts_with("each.") || reference.starts_with("count.")
}
