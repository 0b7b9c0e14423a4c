//! What is unknown is never a finding: every value of a right deployment, made unknown in turn.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::corpus::{doctor, tests_folder};

pub(crate) fn an_unknown_attribute_of_a_plan_is_no_finding() {
    for file in ["team-first-plan.json", "module-eventbridge.json"] {
        let plan = right(file);
        let modules = [
            "/planned_values/root_module",
            "/planned_values/root_module/child_modules/0",
        ];
        let mut tried = 0;

        for module in modules {
            let resources = format!("{module}/resources");
            let Some(Value::Array(all)) = plan.pointer(&resources) else {
                continue;
            };
            for (index, resource) in all.iter().enumerate() {
                let attributes = resource["values"].as_object().unwrap().iter();
                for (name, _) in attributes.filter(|(_, value)| !value.is_null()) {
                    let mut changed = plan.clone();
                    let values = changed.pointer_mut(&format!("{resources}/{index}/values"));
                    values.unwrap().as_object_mut().unwrap().remove(name);

                    check(
                        &changed,
                        "plan.json",
                        "uploads",
                        &format!("{file} {index} {name}"),
                    );
                    tried += 1;
                }
            }
        }
        assert!(tried > 50, "{tried}");
    }
}

pub(crate) fn an_unknown_property_of_a_template_is_no_finding() {
    for (file, program) in [
        ("cloudformation.json", "uploads"),
        ("worker.json", "import"),
    ] {
        let template = right(file);
        let mut paths = Vec::new();
        for (name, resource) in template["Resources"].as_object().unwrap() {
            let path = format!("/Resources/{name}/Properties");
            collect(&resource["Properties"], &path, &mut paths);
        }
        assert!(paths.len() > 20, "{paths:?}");

        for path in paths {
            let mut changed = template.clone();
            *changed.pointer_mut(&path).unwrap() = json!({"Fn::ImportValue": "another-stack"});
            check(
                &changed,
                "template.json",
                program,
                &format!("{file} {path}"),
            );
        }
    }
}

/// The paths of all values in a value, and its own.
fn collect(value: &Value, path: &str, paths: &mut Vec<String>) {
    paths.push(path.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(member, &format!("{path}/{name}"), paths);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &format!("{path}/{index}"), paths);
            }
        }
        _ => {}
    }
}

/// Without the connection to its queue a program may not be found, which is no finding either.
#[track_caller]
fn check(deployment: &Value, name: &str, program: &str, what: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, deployment.to_string()).unwrap();

    let output = doctor(program, Path::new(&path), &[]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        matches!(output.status.code(), Some(0 | 2)),
        "{what}:\n{stdout}"
    );
}

fn right(file: &str) -> Value {
    let text = fs::read_to_string(tests_folder().join("right").join(file)).unwrap();
    serde_json::from_str(&text).unwrap()
}
