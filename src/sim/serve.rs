//! What `sim --serve` prints: addresses, a configuration file, and the credentials as `export` lines.

use std::fmt::Write as _;

use super::{REGISTRY_PASSWORD, REGISTRY_USER, Sim, TOKEN};

impl Sim {
    /// A complete configuration file that points at the simulated services.
    pub fn config_toml(&self) -> String {
        let endpoints = self.endpoints();
        let (_, _, repo) = self.scenario();
        let project = repo.split_once('/').map_or(repo.as_str(), |(_, name)| name);
        let signature = self.trusted_root.as_ref().map_or_else(String::new, |path| {
            let path = toml::Value::String(path.display().to_string());
            format!("\n[signature]\ntrusted_root = {path}\n")
        });
        format!(
            r#"repo = "{repo}"

[github]
api_url = "{github}"
token = {{ env = "SIM_TOKEN" }}

[pipeline]
release_workflow = "release.yml"
signer_workflow = "prerelease-docker.yml"
publish_workflow = "publish.yml"
environments = ["release"]
advisory_jobs = ["test-gate", "responsive-test-gate", "vulture-gate"]

[[image]]
repository = "docker.io/{repo}"
registry_url = "{registry}"
hub_api_url = "{hub}"
platforms = ["linux/amd64", "linux/arm64"]
credentials = {{ username = {{ env = "SIM_REGISTRY_USER" }}, password = {{ env = "SIM_REGISTRY_PASSWORD" }} }}
{signature}
[pypi]
project = "{project}"
url = "{pypi}"
"#,
            github = endpoints.github,
            registry = endpoints.registry,
            pypi = endpoints.pypi,
            hub = endpoints.hub,
        )
    }

    /// The throw-away credentials, by the names that the configuration asks for.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("SIM_TOKEN", TOKEN.to_owned()),
            ("SIM_REGISTRY_USER", REGISTRY_USER.to_owned()),
            ("SIM_REGISTRY_PASSWORD", REGISTRY_PASSWORD.to_owned()),
        ]
    }

    /// The credentials as lines for a shell.
    pub fn exports(&self) -> String {
        self.variables()
            .into_iter()
            .fold(String::new(), |mut out, (name, value)| {
                let _ = writeln!(out, "export {name}='{value}'");
                out
            })
    }
}

/// All that another client needs to connect.
pub fn describe(sim: &Sim) -> String {
    let endpoints = sim.endpoints();
    let (name, summary, _) = sim.scenario();
    let mut out = String::new();
    let _ = writeln!(out, "# scenario {name}: {summary}");
    let _ = writeln!(out, "# virtual time starts at {}", sim.clock().now());
    let _ = writeln!(out, "# GitHub API  {}", endpoints.github);
    let _ = writeln!(out, "# logs, files {}", endpoints.storage);
    let _ = writeln!(out, "# registry    {}", endpoints.registry);
    let _ = writeln!(out, "# Docker Hub  {}", endpoints.hub);
    let _ = writeln!(out, "# index       {}", endpoints.pypi);
    let _ = writeln!(
        out,
        "\n# ---- configuration file ----\n{}",
        sim.config_toml()
    );
    let _ = writeln!(out, "# ---- credentials ----\n{}", sim.exports());
    let _ = writeln!(
        out,
        "# gh: HTTP_PROXY={} GH_HOST=github.localhost GH_TOKEN={TOKEN} gh run list -R {}",
        endpoints.github,
        sim.scenario().2
    );
    out
}
