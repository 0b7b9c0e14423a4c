//! What `deploy/kubernetes` starts this program with, after its name was put in.

use std::collections::BTreeMap;
use std::path::Path;

use saphyr::{LoadableYamlNode, Yaml};

/// The container of the Deployment.
pub(crate) struct Deployment {
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: BTreeMap<String, String>,
    /// The paths that the probes ask.
    pub(crate) probes: Vec<String>,
}

impl Deployment {
    pub(crate) fn read() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = file.join("../../deploy/kubernetes/deployment.yaml");
        let yaml = std::fs::read_to_string(file).unwrap();
        let yaml = yaml.replace("thumbnailer", env!("CARGO_PKG_NAME"));
        let document = &Yaml::load_from_str(&yaml).unwrap()[0];

        let pod = &document["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        let variables = items(&container["env"]).iter().map(|variable| {
            let [name, value] = ["name", "value"].map(|part| text(&variable[part]));
            (name, value)
        });
        let probes = ["startupProbe", "livenessProbe", "readinessProbe"];
        Self {
            arguments: items(&container["args"]).iter().map(text).collect(),
            variables: variables.collect(),
            probes: probes
                .map(|probe| text(&container[probe]["httpGet"]["path"]))
                .into(),
        }
    }
}

fn items<'y>(yaml: &'y Yaml<'y>) -> &'y [Yaml<'y>] {
    match yaml {
        Yaml::Sequence(items) => items,
        other => panic!("not a list: {other:?}"),
    }
}

fn text(yaml: &Yaml<'_>) -> String {
    yaml.as_str()
        .unwrap_or_else(|| panic!("not a text: {yaml:?}"))
        .to_owned()
}
