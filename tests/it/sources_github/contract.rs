//! GitHub's own description: its examples and what it allows them to become, and our requests.

use std::collections::BTreeSet;

use gonogo::domain::fact::{Ask, WorkflowKey};
use gonogo::domain::ids::{Attempt, JobId, RunId};
use gonogo::sources::github::{convert, wire};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::stub::{Reply, Stub, client, look};
use crate::support::contract::{Contract, contract};
use crate::support::judges;

const REPO: &str = "/repos/{owner}/{repo}";

fn document() -> Option<Value> {
    let path = judges::shared()?.join("contracts/github-openapi.json");
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

fn resolve<'a>(root: &'a Value, mut value: &'a Value) -> &'a Value {
    while let Some(reference) = value["$ref"].as_str() {
        value = root
            .pointer(reference.strip_prefix('#').unwrap())
            .unwrap_or_else(|| panic!("{reference} leads nowhere"));
    }
    value
}

/// The schema and the examples of an operation's good answer.
fn answer<'a>(root: &'a Value, path: &str) -> (&'a Value, Vec<&'a Value>) {
    let response = resolve(root, &root["paths"][path]["get"]["responses"]["200"]);
    let content = &response["content"]["application/json"];
    let examples: Vec<&Value> = content["examples"]
        .as_object()
        .unwrap_or_else(|| panic!("{path} has no examples"))
        .values()
        .map(|example| &resolve(root, example)["value"])
        .collect();
    assert!(!examples.is_empty(), "{path}");
    (&content["schema"], examples)
}

/// What is done to an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harm {
    Nulls,
    Absences,
    NewWords,
}

/// The value with every chance for this harm taken; `only` takes the chance of that number alone.
struct Mutation<'a> {
    root: &'a Value,
    harm: Harm,
    only: Option<usize>,
    chances: usize,
}

impl Mutation<'_> {
    fn take(&mut self) -> bool {
        let chance = self.chances;
        self.chances += 1;
        self.only.is_none_or(|only| only == chance)
    }

    fn apply(&mut self, schema: &Value, value: &Value) -> Value {
        let root = self.root;
        let schema = resolve(root, schema);
        if self.harm == Harm::Nulls && schema["nullable"] == json!(true) && self.take() {
            return Value::Null;
        }
        if self.harm == Harm::NewWords
            && schema["enum"].is_array()
            && value.is_string()
            && self.take()
        {
            return json!("a_word_of_tomorrow");
        }
        let mut value = value.clone();
        for part in ["allOf", "anyOf", "oneOf"] {
            for branch in schema[part].as_array().into_iter().flatten() {
                if fits(root, branch, &value) {
                    value = self.apply(branch, &value);
                }
            }
        }
        match value {
            Value::Array(items) if schema["items"].is_object() => items
                .iter()
                .map(|item| self.apply(&schema["items"], item))
                .collect(),
            Value::Object(fields) => Value::Object(self.fields(schema, fields)),
            other => other,
        }
    }

    fn fields(&mut self, schema: &Value, fields: Map<String, Value>) -> Map<String, Value> {
        let required: BTreeSet<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut out = Map::new();
        // What an example leaves out may be sent as null where null is allowed.
        for (name, known) in schema["properties"].as_object().into_iter().flatten() {
            if self.harm == Harm::Nulls
                && !fields.contains_key(name)
                && resolve(self.root, known)["nullable"] == json!(true)
                && self.take()
            {
                out.insert(name.clone(), Value::Null);
            }
        }
        for (name, value) in fields {
            let known = &schema["properties"][&name];
            if !known.is_object() {
                out.insert(name, value);
            } else if self.harm == Harm::Absences
                && !required.contains(name.as_str())
                && self.take()
            {
            } else {
                out.insert(name, self.apply(known, &value));
            }
        }
        out
    }
}

/// Whether a branch of a choice can be meant: all that it requires is there.
fn fits(root: &Value, branch: &Value, value: &Value) -> bool {
    let branch = resolve(root, branch);
    let kind = branch["type"].as_str();
    match value {
        Value::Object(fields) => {
            kind.is_none_or(|kind| kind == "object")
                && branch["required"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .all(|name| fields.contains_key(name))
        }
        Value::Array(_) => kind == Some("array"),
        Value::String(_) => kind == Some("string"),
        _ => false,
    }
}

/// The example, and all that the description allows it to become. Counts how many.
fn each_form(root: &Value, path: &str, mut check: impl FnMut(&Value, &str)) -> usize {
    let (schema, examples) = answer(root, path);
    let mut forms = 0;
    for example in examples {
        check(example, "as it is");
        for harm in [Harm::Nulls, Harm::Absences, Harm::NewWords] {
            let mut mutation = Mutation {
                root,
                harm,
                only: None,
                chances: 0,
            };
            check(
                &mutation.apply(schema, example),
                &format!("{path}, {harm:?} everywhere"),
            );
            // Nulls high up hide those below, so each is tried alone as well.
            let mut only = 0;
            loop {
                mutation.only = Some(only);
                mutation.chances = 0;
                let form = mutation.apply(schema, example);
                if only >= mutation.chances {
                    break;
                }
                check(&form, &format!("{path}, {harm:?}, number {only}"));
                only += 1;
                forms += 1;
            }
        }
    }
    forms
}

fn read<T: DeserializeOwned>(value: &Value, how: &str) -> T {
    serde_json::from_str(&value.to_string()).unwrap_or_else(|err| panic!("{how}: {err}\n{value}"))
}

fn all<W, T>(
    list: wire::List<W>,
    sent: &Value,
    how: &str,
    convert: impl Fn(W) -> Option<T>,
) -> Vec<T> {
    assert_eq!(list.skipped, 0, "{how}");
    let sent = sent.as_array().map_or(0, Vec::len);
    let read: Vec<T> = list.items.into_iter().filter_map(convert).collect();
    assert_eq!(read.len(), sent, "{how}");
    read
}

#[test]
fn every_example_and_every_allowed_form_of_it_can_be_read() {
    let Some(root) = document() else { return };
    let mut forms = 0;
    let mut each = |path: &str, check: &mut dyn FnMut(&Value, &str)| {
        forms += each_form(&root, &format!("{REPO}{path}"), check);
    };
    for path in [
        "/actions/runs/{run_id}",
        "/actions/runs/{run_id}/attempts/{attempt_number}",
    ] {
        each(path, &mut |value, how| {
            let run: wire::Run = read(value, how);
            assert_eq!(run.referenced_workflows.skipped, 0, "{how}");
            assert!(convert::run(run).is_some(), "{how}");
        });
    }
    for path in ["/actions/workflows/{workflow_id}/runs", "/actions/runs"] {
        each(path, &mut |value, how| {
            let page: wire::RunPage = read(value, how);
            all(
                page.workflow_runs,
                &value["workflow_runs"],
                how,
                convert::run,
            );
        });
    }
    for path in [
        "/actions/runs/{run_id}/jobs",
        "/actions/runs/{run_id}/attempts/{attempt_number}/jobs",
    ] {
        each(path, &mut |value, how| {
            let page: wire::JobPage = read(value, how);
            let jobs = all(page.jobs, &value["jobs"], how, |job| {
                Some(convert::job(job, RunId(1)))
            });
            for (job, sent) in jobs.iter().zip(value["jobs"].as_array().unwrap()) {
                let steps = sent["steps"].as_array().map_or(0, Vec::len);
                assert_eq!(job.steps.len(), steps, "{how}");
            }
        });
    }
    each(
        "/actions/runs/{run_id}/pending_deployments",
        &mut |value, how| {
            let list: wire::List<wire::Pending> = read(value, how);
            let gates = all(list, value, how, |gate| Some(convert::pending(gate)));
            for (gate, sent) in gates.iter().zip(value.as_array().unwrap()) {
                let reviewers = sent["reviewers"].as_array().map_or(0, Vec::len);
                assert_eq!(gate.reviewers.len(), reviewers, "{how}");
            }
        },
    );
    each("/actions/runs/{run_id}/approvals", &mut |value, how| {
        let list: wire::List<wire::Approval> = read(value, how);
        all(list, value, how, |review| Some(convert::approval(review)));
    });
    each("/environments/{environment_name}", &mut |value, how| {
        let environment: wire::Environment = read(value, how);
        assert_eq!(environment.protection_rules.skipped, 0, "{how}");
        convert::environment(environment);
    });
    each("/releases", &mut |value, how| {
        let list: wire::List<wire::Release> = read(value, how);
        all(list, value, how, |release| Some(convert::release(release)));
    });
    each("/actions/workflows", &mut |value, how| {
        let page: wire::WorkflowPage = read(value, how);
        all(page.workflows, &value["workflows"], how, convert::workflow);
    });
    each("", &mut |value, how| {
        assert!(convert::repository(read(value, how)).is_some(), "{how}");
    });
    for path in ["/git/ref/{ref}", "/git/tags/{tag_sha}"] {
        each(path, &mut |value, how| {
            convert::pointer(&read(value, how));
        });
    }
    forms += each_form(&root, "/user", |value, how| {
        let account: wire::Account = read(value, how);
        assert!(account.login.is_some(), "{how}");
    });
    assert!(forms > 350, "only {forms} forms were tried");
}

#[test]
fn the_examples_mean_what_they_say() {
    let Some(root) = document() else { return };
    let first = |path: &str| answer(&root, &format!("{REPO}{path}")).1[0];
    let run = convert::run(read(first("/actions/runs/{run_id}"), "run")).unwrap();
    assert_eq!(run.id, RunId(30_433_642));
    assert_eq!(run.actor.as_deref(), Some("octocat"));
    let environment = convert::environment(read(
        first("/environments/{environment_name}"),
        "environment",
    ));
    assert_eq!(environment.required_reviewers.unwrap().len(), 2);
    assert_eq!(environment.wait_minutes, Some(30));
    assert!(environment.branch_policy);
    let gates: wire::List<wire::Pending> =
        read(first("/actions/runs/{run_id}/pending_deployments"), "gates");
    let gate = convert::pending(gates.items.into_iter().next().unwrap());
    assert!(gate.viewer_may_approve && gate.wait_started_at.is_some());
}

/// What the description has against one of our requests.
pub(super) fn objections(description: &Contract, target: &str) -> Vec<String> {
    let url = url::Url::parse("http://host")
        .unwrap()
        .join(target)
        .unwrap();
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    description.check_request("GET", url.path(), &query, None)
}

#[tokio::test]
async fn every_request_is_one_that_the_description_knows() {
    let Some(description) = contract() else {
        return;
    };
    let object = "b".repeat(40);
    let stub = Stub::start(move |request| {
        if request.path().contains("/git/ref/") {
            Reply::json(&json!({"object": {"type": "tag", "sha": object}}))
        } else {
            Reply::new(404, "{}")
        }
    })
    .await;
    let client = client(&stub);
    let key = WorkflowKey {
        repo: "acme/rocket".parse().unwrap(),
        path: ".github/workflows/release.yml".to_owned(),
        sha: "a".repeat(40).parse().unwrap(),
    };
    let asks = [
        Ask::Runs,
        Ask::PublishRuns,
        Ask::Run(RunId(1)),
        Ask::Jobs(RunId(1)),
        Ask::AttemptJobs(RunId(1), Attempt(1)),
        Ask::Pending(RunId(1)),
        Ask::Approvals(RunId(1)),
        Ask::Environments,
        Ask::Workflow(key),
        Ask::Releases,
        Ask::TagRef("v1.2.3".to_owned()),
        Ask::JobLog(JobId(1)),
        Ask::Viewer,
        Ask::Repository,
        Ask::Workflows,
        Ask::Started("release.yml".to_owned()),
    ];
    for ask in &asks {
        let answer = look(&client, ask).await;
        assert!(answer.cost.requests >= 1, "{ask:?} asked nothing");
    }
    let now = gonogo::domain::time::Timestamp::UNIX_EPOCH;
    assert_eq!(client.attempt(RunId(1), Attempt(2), now).await, Ok(None));
    assert_eq!(client.release(1, now).await, Ok(None));
    for target in stub.paths() {
        assert_eq!(objections(description, &target), [""; 0], "{target}");
    }
    for wrong in ["/repos/a/b/actions/flows", "/repos/a/b/releases?per=1"] {
        assert!(!objections(description, wrong).is_empty(), "{wrong}");
    }
}

/// JSON with the names that we look for and anything in their places.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
        Just(json!("2026-01-01T00:00:00Z")),
        Just(json!("a1b2c3d4e5f60718293a4b5c6d7e8f9012345678")),
    ];
    let name = prop::sample::select(vec![
        "id",
        "name",
        "jobs",
        "steps",
        "workflow_runs",
        "total_count",
        "head_sha",
        "created_at",
        "status",
        "conclusion",
        "environment",
        "environments",
        "reviewers",
        "reviewer",
        "type",
        "object",
        "sha",
        "ref",
        "assets",
        "tag_name",
        "protection_rules",
        "number",
        "path",
        "referenced_workflows",
        "labels",
        "run_attempt",
        "login",
        "actor",
        "wait_timer",
    ]);
    leaf.prop_recursive(5, 128, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..12)
                .prop_map(|map| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

/// Reads it as everything there is. Whatever comes of it, it comes to an end.
fn read_as_everything(text: &str) {
    let _ = serde_json::from_str(text).map(convert::run);
    let _ = serde_json::from_str(text).map(|job| convert::job(job, RunId(1)));
    let _ = serde_json::from_str(text).map(convert::pending);
    let _ = serde_json::from_str(text).map(convert::approval);
    let _ = serde_json::from_str(text).map(convert::environment);
    let _ = serde_json::from_str(text).map(convert::release);
    let _ = serde_json::from_str(text).map(|pointer| convert::pointer(&pointer));
    let _ = serde_json::from_str(text).map(convert::repository);
    let _ = serde_json::from_str(text).map(convert::workflow);
    let _ = serde_json::from_str::<wire::WorkflowPage>(text);
    let _ = serde_json::from_str::<wire::RunPage>(text);
    let _ = serde_json::from_str::<wire::JobPage>(text);
    let _ = serde_json::from_str::<wire::List<wire::Pending>>(text);
}

proptest! {
    #[test]
    fn no_json_is_too_strange(value in anything()) {
        read_as_everything(&value.to_string());
    }

    #[test]
    fn no_text_is_too_strange(text in ".{0,200}") {
        read_as_everything(&text);
    }
}
