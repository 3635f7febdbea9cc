//! SLSA provenance, field by field, against the certificate that signed it and the run that is asked for.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::clip;
use super::statement::{SLSA_V1, SLSA_V02};
use crate::domain::evidence::{Claim, Claims, Fault, Problem, Recipe, Remark};

/// What provenance says, whatever its version.
#[derive(Debug, Default)]
struct Facts {
    builder: Option<String>,
    entry_point: Option<String>,
    /// `https://github.com/OWNER/NAME`, without `git+` and ref.
    repository: Option<String>,
    git_ref: Option<String>,
    /// All commits named for the source; one, if all is well.
    commits: Vec<String>,
    /// All spellings of the run; one, if all is well.
    runs: Vec<String>,
    complete: Vec<String>,
}

#[derive(Deserialize)]
struct Builder {
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct V02 {
    builder: Option<Builder>,
    invocation: Option<Invocation>,
    metadata: Option<Metadata02>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    config_source: Option<ConfigSource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigSource {
    uri: Option<String>,
    digest: Option<SourceDigest>,
    entry_point: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SourceDigest {
    sha1: Option<String>,
    git_commit: Option<String>,
}

#[derive(Deserialize)]
struct Metadata02 {
    #[serde(rename = "buildInvocationId")]
    id: Option<String>,
    // cosign 2 writes the name of a field of its own.
    #[serde(rename = "buildInvocationID")]
    other_id: Option<String>,
    completeness: Option<Completeness>,
}

#[derive(Deserialize)]
struct Completeness {
    parameters: Option<bool>,
    environment: Option<bool>,
    materials: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct V1 {
    build_definition: Option<Definition>,
    run_details: Option<Details>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    external_parameters: Option<Parameters>,
    resolved_dependencies: Option<Vec<Dependency>>,
}

#[derive(Deserialize)]
struct Parameters {
    workflow: Option<Workflow>,
}

#[derive(Deserialize)]
struct Workflow {
    path: Option<String>,
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    repository: Option<String>,
}

#[derive(Deserialize)]
struct Dependency {
    uri: Option<String>,
    digest: Option<SourceDigest>,
}

#[derive(Deserialize)]
struct Details {
    builder: Option<Builder>,
    metadata: Option<Metadata1>,
}

#[derive(Deserialize)]
struct Metadata1 {
    #[serde(rename = "invocationId")]
    id: Option<String>,
    #[serde(rename = "invocationID")]
    other_id: Option<String>,
}

impl From<V02> for Facts {
    fn from(wire: V02) -> Self {
        let source = wire
            .invocation
            .and_then(|invocation| invocation.config_source);
        let (repository, git_ref) = source
            .as_ref()
            .and_then(|source| source.uri.as_deref())
            .map_or((None, None), split_uri);
        let mut facts = Self {
            builder: wire.builder.and_then(|builder| builder.id),
            repository,
            git_ref,
            ..Self::default()
        };
        if let Some(source) = source {
            facts.entry_point = source.entry_point;
            facts.commits = source.digest.map(SourceDigest::all).unwrap_or_default();
        }
        if let Some(metadata) = wire.metadata {
            facts.runs = [metadata.id, metadata.other_id]
                .into_iter()
                .flatten()
                .collect();
            if let Some(complete) = metadata.completeness {
                facts.complete = [
                    ("parameters", complete.parameters),
                    ("environment", complete.environment),
                    ("materials", complete.materials),
                ]
                .into_iter()
                .filter(|(_, claimed)| *claimed == Some(true))
                .map(|(name, _)| name.to_owned())
                .collect();
            }
        }
        facts
    }
}

impl From<V1> for Facts {
    fn from(wire: V1) -> Self {
        let mut facts = Self::default();
        if let Some(definition) = wire.build_definition {
            if let Some(workflow) = definition.external_parameters.and_then(|all| all.workflow) {
                facts.entry_point = workflow.path;
                facts.git_ref = workflow.git_ref;
                facts.repository = workflow.repository;
            }
            // Other sources may be named too; without a repository, the first one is the build's.
            let source = facts.repository.clone();
            let of_source = |dependency: &Dependency| match (&source, &dependency.uri) {
                (Some(source), Some(uri)) => split_uri(uri).0.is_some_and(|from| from == *source),
                _ => true,
            };
            facts.commits = definition
                .resolved_dependencies
                .unwrap_or_default()
                .into_iter()
                .filter(of_source)
                .filter_map(|dependency| dependency.digest)
                .flat_map(SourceDigest::all)
                .collect();
        }
        if let Some(details) = wire.run_details {
            facts.builder = details.builder.and_then(|builder| builder.id);
            if let Some(metadata) = details.metadata {
                facts.runs = [metadata.id, metadata.other_id]
                    .into_iter()
                    .flatten()
                    .map(|text| run_of(&text).unwrap_or(text))
                    .collect();
            }
        }
        facts
    }
}

impl SourceDigest {
    fn all(self) -> Vec<String> {
        [self.sha1, self.git_commit].into_iter().flatten().collect()
    }
}

/// Repository and ref of `git+https://github.com/OWNER/NAME@REF`.
fn split_uri(uri: &str) -> (Option<String>, Option<String>) {
    let uri = uri.strip_prefix("git+").unwrap_or(uri);
    match uri.split_once('@') {
        Some((repository, git_ref)) => (Some(repository.to_owned()), Some(git_ref.to_owned())),
        None => (Some(uri.to_owned()), None),
    }
}

/// `ID-ATTEMPT` of a run's address.
fn run_of(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("/actions/runs/")?;
    let (id, attempt) = rest.split_once("/attempts/")?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(id) && is_number(attempt)).then(|| format!("{id}-{attempt}"))
}

/// Whether a run is the one that is asked for, by its number alone or with the attempt.
fn is_run(found: &str, asked: &str) -> bool {
    found == asked || (!asked.contains('-') && found.split('-').next() == Some(asked))
}

/// What differs in provenance that was verified, and what is worth knowing.
pub(super) fn compare(
    predicate_type: &str,
    predicate: Option<&RawValue>,
    claims: &Claims,
    recipe: &Recipe,
) -> (Vec<Problem>, Vec<Remark>) {
    let text = predicate.map_or("{}", RawValue::get);
    let read = match predicate_type {
        SLSA_V02 => serde_json::from_str::<V02>(text).map(Facts::from),
        SLSA_V1 => serde_json::from_str::<V1>(text).map(Facts::from),
        other => {
            let detail = format!("unsupported predicate type {other}");
            return (
                vec![Problem::broken(Fault::Unsupported, detail)],
                Vec::new(),
            );
        }
    };
    match read {
        Ok(facts) => {
            let remarks = (!facts.complete.is_empty())
                .then(|| Remark::Completeness(facts.complete.clone()))
                .into_iter()
                .collect();
            (facts.against(claims, recipe), remarks)
        }
        Err(error) => {
            let problem = Problem::broken(Fault::Malformed, clip(&error.to_string()));
            (vec![problem], Vec::new())
        }
    }
}

impl Facts {
    fn against(&self, claims: &Claims, recipe: &Recipe) -> Vec<Problem> {
        [
            self.builder(claims),
            self.entry_point(claims, recipe),
            self.repository(recipe),
            self.commit(claims, recipe),
            self.run(claims, recipe),
            self.git_ref(claims, recipe),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn builder(&self, claims: &Claims) -> Option<Problem> {
        let signer = claims.identity.as_deref().unwrap_or("the signer");
        differs(Claim::Builder, signer, self.builder.as_deref())
    }

    fn entry_point(&self, claims: &Claims, recipe: &Recipe) -> Option<Problem> {
        let found = self.entry_point.as_deref();
        if let Some(asked) = &recipe.entry_point
            && found != Some(asked)
        {
            return differs(Claim::EntryPoint, asked, found);
        }
        let Some(found) = found else {
            return differs(Claim::EntryPoint, "a workflow", None);
        };
        // `https://github.com/OWNER/NAME/.github/workflows/release.yml@refs/…`
        let started = claims.workflow.as_deref()?;
        let path = started.split_once('@').map_or(started, |(path, _)| path);
        let is_same = path.ends_with(&format!("/{}", found.trim_start_matches('/')));
        (!is_same).then(|| Problem::differs(Claim::EntryPoint, path, Some(&clip(found))))
    }

    fn repository(&self, recipe: &Recipe) -> Option<Problem> {
        let (asked, found) = (recipe.repository.as_deref()?, self.repository.as_deref()?);
        let is_same = found
            .trim_end_matches(".git")
            .ends_with(&format!("/{asked}"));
        (!is_same).then(|| Problem::differs(Claim::ProvenanceRepository, asked, Some(&clip(found))))
    }

    fn commit(&self, claims: &Claims, recipe: &Recipe) -> Option<Problem> {
        let claim = Claim::ProvenanceCommit;
        let asked = recipe.commit.as_deref();
        let expected = asked.or(claims.commit.as_deref()).unwrap_or("a commit");
        let Some(first) = self.commits.first() else {
            return differs(claim, expected, None);
        };
        if let Some(other) = self.commits.iter().find(|commit| *commit != first) {
            let both = format!("both {first} and {other}");
            return differs(claim, expected, Some(&both));
        }
        if let Some(asked) = asked
            && first != asked
        {
            return differs(claim, asked, Some(first));
        }
        let certified = claims.commit.as_deref()?;
        differs(Claim::CertificateCommit, first, Some(certified))
    }

    fn run(&self, claims: &Claims, recipe: &Recipe) -> Option<Problem> {
        let claim = Claim::ProvenanceRun;
        let certified = claims.run.as_deref();
        let certified = certified.map(|url| run_of(url).unwrap_or_else(|| url.to_owned()));
        let asked = recipe.run.as_deref();
        let expected = asked.or(certified.as_deref()).unwrap_or("a run");
        let Some(first) = self.runs.first() else {
            return differs(claim, expected, None);
        };
        if let Some(other) = self.runs.iter().find(|run| *run != first) {
            let both = format!("both {first} and {other}");
            return differs(claim, expected, Some(&both));
        }
        if let Some(asked) = asked
            && !is_run(first, asked)
        {
            return differs(claim, asked, Some(first));
        }
        differs(Claim::CertificateRun, first, Some(certified.as_deref()?))
    }

    fn git_ref(&self, claims: &Claims, recipe: &Recipe) -> Option<Problem> {
        let certified = claims.git_ref.as_deref();
        if let Some(asked) = recipe.git_ref.as_deref()
            && certified != Some(asked)
        {
            return differs(Claim::CertificateRef, asked, certified);
        }
        let found = self.git_ref.as_deref()?;
        differs(Claim::ProvenanceRef, certified?, Some(found))
    }
}

fn differs(claim: Claim, expected: &str, found: Option<&str>) -> Option<Problem> {
    (found != Some(expected))
        .then(|| Problem::differs(claim, clip(expected), found.map(clip).as_deref()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::policy::IdentityPattern;

    const SIGNER: &str = "https://github.com/acme/rocket/.github/workflows/sign.yml@refs/tags/v1";
    const RUN: &str = "https://github.com/acme/rocket/actions/runs/7/attempts/2";

    fn claims() -> Claims {
        Claims {
            identity: Some(SIGNER.to_owned()),
            commit: Some("c0ffee".to_owned()),
            git_ref: Some("refs/tags/v1".to_owned()),
            run: Some(RUN.to_owned()),
            workflow: Some(SIGNER.replace("sign", "release")),
            ..Claims::default()
        }
    }

    fn v02() -> Value {
        json!({
            "builder": {"id": SIGNER},
            "invocation": {"configSource": {
                "uri": "git+https://github.com/acme/rocket@refs/tags/v1",
                "digest": {"sha1": "c0ffee"},
                "entryPoint": ".github/workflows/release.yml",
            }},
            "metadata": {"buildInvocationId": "7-2"},
        })
    }

    fn v1() -> Value {
        json!({
            "buildDefinition": {
                "externalParameters": {"workflow": {
                    "path": ".github/workflows/release.yml",
                    "ref": "refs/tags/v1",
                    "repository": "https://github.com/acme/rocket",
                }},
                "resolvedDependencies": [
                    {"uri": "git+https://github.com/other/tool@main", "digest": {"gitCommit": "beef"}},
                    {"uri": "git+https://github.com/acme/rocket@refs/tags/v1", "digest": {"gitCommit": "c0ffee"}},
                ],
            },
            "runDetails": {"builder": {"id": SIGNER}, "metadata": {"invocationId": RUN}},
        })
    }

    fn codes(
        predicate_type: &str,
        predicate: &Value,
        change: impl FnOnce(&mut Recipe),
    ) -> Vec<&'static str> {
        let mut recipe = Recipe::of("issuer", IdentityPattern::literal("x"));
        recipe.repository = Some("acme/rocket".to_owned());
        change(&mut recipe);
        let raw = RawValue::from_string(predicate.to_string()).unwrap();
        let (problems, _) = compare(predicate_type, Some(&raw), &claims(), &recipe);
        problems.iter().map(Problem::code).collect()
    }

    #[test]
    fn both_forms_hold_and_each_field_is_compared() {
        for (form, good, changes) in [
            (
                SLSA_V02,
                v02(),
                [
                    ("/builder/id", "provenance-builder"),
                    (
                        "/invocation/configSource/entryPoint",
                        "provenance-entry-point",
                    ),
                    ("/invocation/configSource/uri", "provenance-repository"),
                    ("/invocation/configSource/digest/sha1", "certificate-commit"),
                    ("/metadata/buildInvocationId", "certificate-run"),
                ],
            ),
            (
                SLSA_V1,
                v1(),
                [
                    ("/runDetails/builder/id", "provenance-builder"),
                    (
                        "/buildDefinition/externalParameters/workflow/path",
                        "provenance-entry-point",
                    ),
                    (
                        "/buildDefinition/externalParameters/workflow/ref",
                        "provenance-ref",
                    ),
                    (
                        "/buildDefinition/resolvedDependencies/1/digest/gitCommit",
                        "certificate-commit",
                    ),
                    ("/runDetails/metadata/invocationId", "certificate-run"),
                ],
            ),
        ] {
            assert!(codes(form, &good, |_| {}).is_empty());
            for (field, code) in changes {
                let mut other = good.clone();
                *other.pointer_mut(field).unwrap() = json!("another");
                assert!(codes(form, &other, |_| {}).contains(&code), "{field}");
                let mut without = good.clone();
                *without.pointer_mut(field).unwrap() = Value::Null;
                let told = codes(form, &without, |_| {});
                let may_be_absent = field.ends_with("/uri") || field.ends_with("/ref");
                assert_eq!(told.is_empty(), may_be_absent, "{field}: {told:?}");
            }
        }
    }

    #[test]
    fn what_is_asked_for_comes_before_what_the_certificate_says() {
        let told = |change: fn(&mut Recipe)| codes(SLSA_V02, &v02(), change);
        assert_eq!(
            told(|recipe| recipe.commit = Some("beef".to_owned())),
            ["provenance-commit"]
        );
        assert_eq!(
            told(|recipe| recipe.run = Some("7-1".to_owned())),
            ["provenance-run"]
        );
        assert!(told(|recipe| recipe.run = Some("7".to_owned())).is_empty());
        assert_eq!(
            told(|recipe| recipe.run = Some("70".to_owned())),
            ["provenance-run"]
        );
        assert_eq!(
            told(|recipe| recipe.git_ref = Some("refs/tags/v2".to_owned())),
            ["certificate-ref"]
        );
        let release =
            |recipe: &mut Recipe| recipe.entry_point = Some(".github/workflows/x.yml".to_owned());
        assert_eq!(told(release), ["provenance-entry-point"]);
    }

    #[test]
    fn a_run_may_be_spelled_twice_but_not_differently() {
        let mut both = v02();
        both["metadata"]["buildInvocationID"] = json!("7-2");
        assert!(codes(SLSA_V02, &both, |_| {}).is_empty());
        both["metadata"]["buildInvocationID"] = json!("7-3");
        assert_eq!(codes(SLSA_V02, &both, |_| {}), ["provenance-run"]);
        assert_eq!(
            codes("https://slsa.dev/provenance/v0.1", &v02(), |_| {}),
            ["unsupported"]
        );
        assert_eq!(codes(SLSA_V1, &json!([1]), |_| {}).len(), 1);
    }
}
