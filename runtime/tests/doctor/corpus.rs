//! Deployments, and what is found in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;
use serde_json::Value;

/// A deployment of the folder `right`, and how it is changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The file or folder.
    of: String,
    program: String,
    #[serde(default)]
    arguments: Vec<String>,
    /// In a folder: the file that is changed.
    #[serde(default)]
    file: String,
    /// Texts that occur exactly once, and what replaces them.
    #[serde(default)]
    replace: Vec<(String, String)>,
    /// In a plan: the address of a resource, an attribute, and its value.
    #[serde(default)]
    set: Vec<(String, String, Value)>,
    /// In a plan: further resources.
    #[serde(default)]
    add: Vec<Value>,
    /// The name of the check, and the address of the resource.
    #[serde(default)]
    findings: Vec<(String, String)>,
}

pub(crate) fn right_deployments_have_no_finding() {
    let cases = cases("right.json");
    assert!(cases.len() >= 10, "{}", cases.len());
    check_all(&cases);
}

pub(crate) fn broken_deployments_have_their_findings() {
    let cases = cases("broken.json");
    assert!(cases.len() >= 30, "{}", cases.len());
    assert!(cases.iter().all(|case| !case.findings.is_empty()));
    check_all(&cases);
}

/// Reads the names from the table of checks, so that a new check needs a case.
pub(crate) fn every_check_is_tested() {
    let table = fs::read_to_string(crate_folder().join("src/cli/doctor/checks/mod.rs")).unwrap();
    let lines = table
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"'));
    let names: BTreeSet<_> = lines.filter_map(|line| line.split_once("\", ")).collect();
    let names: BTreeSet<_> = names.into_iter().map(|(name, _)| name.to_owned()).collect();
    assert!(names.len() > 20, "{names:?}");

    let found = cases("broken.json")
        .into_iter()
        .flat_map(|case| case.findings);
    let found: BTreeSet<_> = found.map(|(check, _)| check).collect();
    assert_eq!(
        names.difference(&found).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}

fn check_all(cases: &[Case]) {
    let failures: Vec<_> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(
        failures.is_empty(),
        "{} cases fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn check(case: &Case) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = changed(case, folder.path())?;
    let output = doctor(&case.program, &path, &case.arguments);
    let stdout = String::from_utf8(output.stdout).unwrap();

    let mut found = findings(&stdout);
    found.sort();
    let mut expected = case.findings.clone();
    expected.sort();
    let status = i32::from(!expected.is_empty());

    if found == expected && output.status.code() == Some(status) {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{}: expected {expected:?}, status {status}\n{stdout}{stderr}",
        case.name
    ))
}

/// The first line of each finding, as the check and the address. The other lines have to be there.
fn findings(stdout: &str) -> Vec<(String, String)> {
    let paragraphs = stdout.split("\n\n").filter(|text| text.contains("\n  "));
    paragraphs
        .map(|text| {
            let mut lines = text.lines();
            let (check, rest) = lines.next().unwrap().split_once(": ").unwrap();
            let (address, _) = rest.rsplit_once(" (").unwrap();
            for start in ["  what:   ", "  why:    ", "  change: "] {
                let line = lines.next().unwrap();
                assert!(
                    line.strip_prefix(start).is_some_and(|text| text.len() > 5),
                    "{line}"
                );
            }
            (check.to_owned(), address.to_owned())
        })
        .collect()
}

/// Writes the deployment with its changes into a folder, and returns where it is.
fn changed(case: &Case, folder: &Path) -> Result<PathBuf, String> {
    let source = tests_folder().join("right").join(&case.of);
    let target = folder.join(source.file_name().unwrap());
    let mut changed = target.clone();

    if source.is_dir() {
        fs::create_dir(&target).unwrap();
        for entry in fs::read_dir(&source).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, target.join(path.file_name().unwrap())).unwrap();
        }
        changed = target.join(&case.file);
    } else {
        fs::copy(&source, &target).unwrap();
    }

    for (from, to) in &case.replace {
        let text =
            fs::read_to_string(&changed).map_err(|error| format!("{}: {error}", case.name))?;
        let count = text.matches(from.as_str()).count();
        if count != 1 {
            return Err(format!("{}: `{from}` occurs {count} times", case.name));
        }
        fs::write(&changed, text.replace(from.as_str(), to)).unwrap();
    }

    if !case.set.is_empty() || !case.add.is_empty() {
        let mut plan: Value = serde_json::from_str(&fs::read_to_string(&changed).unwrap()).unwrap();
        change_plan(case, &mut plan);
        fs::write(&changed, plan.to_string()).unwrap();
    }

    Ok(target)
}

fn change_plan(case: &Case, plan: &mut Value) {
    let values = if plan["values"].is_object() {
        "values"
    } else {
        "planned_values"
    };
    let root = &mut plan[values]["root_module"];
    for (address, attribute, value) in &case.set {
        let resource = resource(root, address);
        let resource = resource.unwrap_or_else(|| panic!("{}: no {address}", case.name));
        resource["values"][attribute] = value.clone();
    }

    root["resources"]
        .as_array_mut()
        .unwrap()
        .extend(case.add.iter().cloned());
}

fn resource<'m>(module: &'m mut Value, address: &str) -> Option<&'m mut Value> {
    let module = module.as_object_mut()?;
    let (mut own, mut children) = (None, None);
    for (name, list) in module {
        match name.as_str() {
            "resources" => own = list.as_array_mut(),
            "child_modules" => children = list.as_array_mut(),
            _ => {}
        }
    }

    let mut own = own.into_iter().flatten();
    let found = own.find(|resource| resource["address"] == address);
    let mut children = children.into_iter().flatten();
    found.or_else(|| children.find_map(|child| resource(child, address)))
}

/// Runs the command on a file or a folder.
pub(crate) fn doctor(program: &str, path: &Path, arguments: &[String]) -> Output {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let option = match extension {
        None => "--describe",
        Some("json") if name.contains("plan") || name.starts_with("module-") => "--plan",
        Some(_) => "--template",
    };

    Command::new(std::env::current_exe().unwrap())
        .args(["doctor", option])
        .arg(path)
        .args(arguments)
        .env("PROGRAM", program)
        .env_remove("AWS_LAMBDA_RUNTIME_API")
        .output()
        .unwrap()
}

fn cases(file: &str) -> Vec<Case> {
    let text = fs::read_to_string(tests_folder().join(file)).unwrap();
    serde_json::from_str(&text).unwrap()
}

pub(crate) fn tests_folder() -> PathBuf {
    crate_folder().join("tests/doctor")
}

fn crate_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
