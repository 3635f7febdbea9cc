//! Runs, jobs, gates and artifacts as the API shows them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::exchange::{Reply, Request};
use super::links::{Links, WEB, date, node};
use crate::sim::scenario::Review;
use crate::sim::world::attempt::{Attempt, State};
use crate::sim::world::inst::Inst;
use crate::sim::world::repo::{Artifact, Environment, VIEWER};
use crate::sim::world::run::{Run, StepView};
use crate::sim::world::{WorkflowFile, World};
use crate::sim::zips;

/// GitHub shortens longer names.
const LONGEST_NAME: usize = 100;

pub(super) fn workflow(links: &Links, file: &WorkflowFile, founded: Timestamp) -> Value {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    json!({
        "id": file.id,
        "node_id": node("W", file.id),
        "name": file.spec.name,
        "path": file.path,
        "state": if file.enabled { "active" } else { "disabled_manually" },
        "created_at": date(founded),
        "updated_at": date(founded),
        "url": links.repo(&format!("/actions/workflows/{}", file.id)),
        "html_url": links.web(&format!("/blob/main/{}", file.path)),
        "badge_url": links.web(&format!("/workflows/{name}/badge.svg")),
    })
}

pub(super) fn run(world: &World, links: &Links, run: &Run, attempt: &Attempt) -> Value {
    let url = links.repo(&format!("/actions/runs/{}", run.id));
    let (status, conclusion) = attempt.status();
    let file = world.file(&run.workflow);
    let workflow_id = file.map_or(0, |file| file.id);
    let suite = run.id + 17_000_000_000;
    let previous = (attempt.number > 1).then(|| format!("{url}/attempts/{}", attempt.number - 1));
    let commit = world.repo.commit(&run.sha);
    let head_commit = commit.map(|commit| {
        let person =
            json!({"name": commit.author, "email": format!("{}@example.com", commit.author)});
        json!({
            "id": commit.sha,
            "tree_id": commit.sha,
            "message": commit.message,
            "timestamp": date(commit.at),
            "author": person,
            "committer": person,
        })
    });
    let repository = links.minimal_repository();
    json!({
        "id": run.id,
        "name": file.map(|file| file.spec.name.as_str()),
        "node_id": node("WFR", run.id),
        "head_branch": run.head,
        "head_sha": run.sha,
        "path": run.workflow,
        "display_title": run.title,
        "run_number": run.number,
        "event": run.event,
        "status": status,
        "conclusion": conclusion,
        "workflow_id": workflow_id,
        "check_suite_id": suite,
        "check_suite_node_id": node("CS", suite),
        "url": url,
        "html_url": links.web(&format!("/actions/runs/{}", run.id)),
        "pull_requests": [],
        "created_at": date(run.created),
        "updated_at": date(attempt.updated),
        "actor": links.user(&run.actor),
        "run_attempt": attempt.number,
        "referenced_workflows": referenced(world, run),
        "run_started_at": date(attempt.started),
        "triggering_actor": links.user(&attempt.by),
        "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "check_suite_url": links.repo(&format!("/check-suites/{suite}")),
        "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "previous_attempt_url": previous,
        "workflow_url": links.repo(&format!("/actions/workflows/{workflow_id}")),
        "head_commit": head_commit,
        "repository": repository,
        "head_repository": repository,
    })
}

/// The called workflows of a run, each once.
fn referenced(world: &World, run: &Run) -> Vec<Value> {
    let mut paths: Vec<&str> = Vec::new();
    for inst in run.newest().into_iter().flat_map(|attempt| &attempt.insts) {
        let path = inst.home.0.as_str();
        if path != run.workflow && !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
        .into_iter()
        .map(|path| {
            json!({
                "path": format!("{}/{path}@{}", world.scenario.repo, run.full_ref()),
                "sha": run.sha,
                "ref": run.full_ref(),
            })
        })
        .collect()
}

/// All listed jobs of one attempt, in the order in which they came to be.
pub(super) fn jobs(world: &World, links: &Links, run: &Run, attempt: &Attempt) -> Vec<Value> {
    let mut insts: Vec<&Inst> = attempt
        .insts
        .iter()
        .filter(|inst| inst.id.is_some())
        .collect();
    insts.sort_by_key(|inst| inst.id);
    insts
        .into_iter()
        .map(|inst| job(world, links, run, attempt, inst))
        .collect()
}

pub(super) fn job(
    world: &World,
    links: &Links,
    run: &Run,
    attempt: &Attempt,
    inst: &Inst,
) -> Value {
    let id = inst.id.unwrap_or(0);
    let (status, conclusion) = inst.status();
    let created = inst.created.unwrap_or(attempt.started);
    let runs = inst.plan.is_some();
    let runner = 1_000_000_000 + id % 997;
    json!({
        "id": id,
        "run_id": run.id,
        "workflow_name": world.file(&run.workflow).map(|file| file.spec.name.as_str()),
        "head_branch": run.head,
        "run_url": links.repo(&format!("/actions/runs/{}", run.id)),
        "run_attempt": attempt.number,
        "node_id": node("CR", id),
        "head_sha": run.sha,
        "url": links.repo(&format!("/actions/jobs/{id}")),
        "html_url": links.web(&format!("/actions/runs/{}/job/{id}", run.id)),
        "status": status,
        "conclusion": conclusion,
        "created_at": date(created),
        "started_at": date(inst.started.unwrap_or(created)),
        "completed_at": inst.completed.map(date),
        "name": shortened(&inst.name),
        "steps": inst.steps_at(world.now).iter().map(step).collect::<Vec<_>>(),
        "check_run_url": links.repo(&format!("/check-runs/{id}")),
        "labels": if inst.runner.is_empty() { vec![] } else { vec![inst.runner.as_str()] },
        "runner_id": runs.then_some(runner),
        "runner_name": runs.then(|| format!("GitHub Actions {runner}")),
        "runner_group_id": runs.then_some(0),
        "runner_group_name": runs.then_some("GitHub Actions"),
    })
}

fn step(step: &StepView) -> Value {
    json!({
        "name": step.name,
        "status": step.status,
        "conclusion": step.conclusion,
        "number": step.number,
        "started_at": step.started.map(date),
        "completed_at": step.completed.map(date),
    })
}

pub(super) fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    let kept: String = name.chars().take(LONGEST_NAME - 3).collect();
    format!("{kept}...")
}

/// Whether the log of a job can be had: jobs that never ran have none.
pub(super) fn has_log(inst: &Inst) -> bool {
    matches!(inst.state, State::Done(_)) && inst.plan.is_some()
}

pub(super) fn environment_short(links: &Links, environment: &Environment) -> Value {
    let name = percent_encoding::utf8_percent_encode(
        &environment.name,
        percent_encoding::NON_ALPHANUMERIC,
    );
    json!({
        "id": environment.id,
        "node_id": node("EN", environment.id),
        "name": environment.name,
        "url": links.repo(&format!("/environments/{name}")),
        "html_url": links.web(&format!("/deployments/activity_log?environments_filter={name}")),
    })
}

fn reviewers(links: &Links, environment: &Environment) -> Vec<Value> {
    environment
        .reviewers
        .iter()
        .map(|login| json!({"type": "User", "reviewer": links.user(login)}))
        .collect()
}

pub(super) fn environment(links: &Links, environment: &Environment) -> Value {
    let mut value = environment_short(links, environment);
    let mut rules = Vec::new();
    if !environment.reviewers.is_empty() {
        rules.push(json!({
            "id": environment.id + 1,
            "node_id": node("GA", environment.id + 1),
            "prevent_self_review": environment.prevent_self_review,
            "type": "required_reviewers",
            "reviewers": reviewers(links, environment),
        }));
    }
    if environment.wait_minutes > 0 {
        rules.push(json!({
            "id": environment.id + 2,
            "node_id": node("GA", environment.id + 2),
            "type": "wait_timer",
            "wait_timer": environment.wait_minutes,
        }));
    }
    if let Some(map) = value.as_object_mut() {
        map.insert("created_at".to_owned(), json!(date(environment.created)));
        map.insert("updated_at".to_owned(), json!(date(environment.created)));
        map.insert("can_admins_bypass".to_owned(), json!(true));
        map.insert("protection_rules".to_owned(), json!(rules));
        map.insert("deployment_branch_policy".to_owned(), Value::Null);
    }
    value
}

/// The environments that jobs of the newest attempt wait for.
pub(super) fn pending(world: &World, links: &Links, run: &Run) -> Vec<Value> {
    let waits = |environment: &Environment| {
        run.newest().is_some_and(|attempt| {
            attempt.insts.iter().any(|inst| {
                matches!(inst.state, State::Waiting(_))
                    && inst.environment.as_deref() == Some(environment.name.as_str())
            })
        })
    };
    world
        .repo
        .environments
        .iter()
        .filter(|environment| waits(environment))
        .map(|environment| {
            json!({
                "environment": environment_short(links, environment),
                "wait_timer": environment.wait_minutes,
                "wait_timer_started_at": waiting_since(run, environment)
                    .filter(|_| environment.wait_minutes > 0)
                    .map(date),
                "current_user_can_approve": may_review(environment, run),
                "reviewers": reviewers(links, environment),
            })
        })
        .collect()
}

/// Since when a job of the run waits for this environment.
fn waiting_since(run: &Run, environment: &Environment) -> Option<Timestamp> {
    let mut insts = run.newest()?.insts.iter();
    insts.find_map(|inst| match inst.state {
        State::Waiting(since) if inst.environment.as_ref() == Some(&environment.name) => {
            Some(since)
        }
        _ => None,
    })
}

/// Whether the viewer may review this environment for this run.
pub(super) fn may_review(environment: &Environment, run: &Run) -> bool {
    let listed = environment.reviewers.iter().any(|login| login == VIEWER);
    listed && !(environment.prevent_self_review && run.actor == VIEWER)
}

pub(super) fn approvals(world: &World, links: &Links, run: &Run) -> Vec<Value> {
    run.approvals
        .iter()
        .filter_map(|approval| {
            let environment = world.repo.environment(&approval.environment)?;
            let mut shown = environment_short(links, environment);
            let map = shown.as_object_mut()?;
            map.insert("created_at".to_owned(), json!(date(environment.created)));
            map.insert("updated_at".to_owned(), json!(date(environment.created)));
            Some(json!({
                "environments": [shown],
                "state": match approval.review { Review::Approve => "approved", Review::Reject => "rejected" },
                "user": links.user(&approval.by),
                "comment": approval.comment,
            }))
        })
        .collect()
}

/// The deployment that a job with an environment makes; its number follows the job's.
pub(super) fn deployment(links: &Links, run: &Run, inst: &Inst) -> Option<Value> {
    let environment = inst.environment.as_deref()?;
    let id = inst.id? / 13;
    let at = date(inst.created?);
    let url = links.repo(&format!("/deployments/{id}"));
    Some(json!({
        "url": url,
        "id": id,
        "node_id": node("DE", id),
        "sha": run.sha,
        "ref": run.head,
        "task": "deploy",
        "payload": {},
        "original_environment": environment,
        "environment": environment,
        "description": null,
        "creator": links.user(&run.actor),
        "created_at": at,
        "updated_at": date(inst.completed.or(inst.started).or(inst.created)?),
        "statuses_url": format!("{url}/statuses"),
        "repository_url": links.repo(""),
        "transient_environment": false,
        "production_environment": false,
    }))
}

pub(super) fn artifact(world: &World, links: &Links, artifact: &Artifact) -> Value {
    let url = links.repo(&format!("/actions/artifacts/{}", artifact.id));
    let zip = artifact_zip(artifact);
    let expires = crate::sim::clock::plus(artifact.at, std::time::Duration::from_secs(90 * 86_400));
    let run = world.runs.get(&artifact.run);
    json!({
        "id": artifact.id,
        "node_id": node("A", artifact.id),
        "name": artifact.name,
        "size_in_bytes": zip.len(),
        "url": url,
        "archive_download_url": format!("{url}/zip"),
        "expired": expires <= world.now,
        "digest": format!("sha256:{}", crate::sim::world::repo::hex_sha256(&zip)),
        "created_at": date(artifact.at),
        "updated_at": date(artifact.at),
        "expires_at": date(expires),
        "workflow_run": run.map(|run| json!({
            "id": run.id,
            "repository_id": super::links::REPO_ID,
            "head_repository_id": super::links::REPO_ID,
            "head_branch": run.head,
            "head_sha": run.sha,
        })),
    })
}

/// The archive that a client downloads.
pub(super) fn artifact_zip(artifact: &Artifact) -> Vec<u8> {
    zips::zip(&artifact.files).unwrap_or_default()
}

/// Runs that a listing's filters leave over, newest first.
pub(super) fn listed(world: &World, request: &Request, workflow: Option<&WorkflowFile>) -> Reply {
    let given = |name: &str| request.parameter(name).filter(|value| !value.is_empty());
    let filtered = [
        "actor",
        "branch",
        "event",
        "status",
        "created",
        "head_sha",
        "check_suite_id",
    ]
    .iter()
    .any(|name| given(name).is_some());
    let keeps = |run: &Run, attempt: &Attempt| {
        let (status, conclusion) = attempt.status();
        workflow.is_none_or(|file| file.path == run.workflow)
            && given("actor").is_none_or(|actor| actor == run.actor)
            && given("branch").is_none_or(|branch| branch == run.head)
            && given("event").is_none_or(|event| event == run.event)
            && given("head_sha").is_none_or(|sha| sha == run.sha)
            && given("status").is_none_or(|word| word == status || Some(word) == conclusion)
            && given("check_suite_id").is_none_or(|id| id == (run.id + 17_000_000_000).to_string())
            && given("created").is_none_or(|range| in_range(range, run.created))
    };
    let mut kept: Vec<(&Run, &Attempt)> = world
        .runs
        .values()
        .rev()
        .filter_map(|run| Some((run, run.newest()?)))
        .filter(|(run, attempt)| keeps(run, attempt))
        .collect();
    kept.sort_by_key(|(run, _)| std::cmp::Reverse((run.created, run.id)));
    if filtered {
        kept.truncate(1000);
    }
    let (shown, link) = request.page(&kept);
    let shown: Vec<Value> = shown
        .into_iter()
        .map(|(one, attempt)| run(world, &request.links, one, attempt))
        .collect();
    Reply::ok(json!({"total_count": kept.len(), "workflow_runs": shown})).linked(link)
}

/// GitHub's search syntax for dates: `>=D`, `>D`, `<=D`, `<D`, `D..D`, `D`; a date without a time is a whole day.
fn in_range(range: &str, at: Timestamp) -> bool {
    if let Some((from, to)) = range.split_once("..") {
        let after = from == "*" || moment(from, false).is_none_or(|from| at >= from);
        let before = to == "*" || moment(to, true).is_none_or(|to| at <= to);
        return after && before;
    }
    if let Some(limit) = range.strip_prefix(">=") {
        return moment(limit, false).is_none_or(|limit| at >= limit);
    }
    if let Some(limit) = range.strip_prefix("<=") {
        return moment(limit, true).is_none_or(|limit| at <= limit);
    }
    if let Some(limit) = range.strip_prefix('>') {
        return moment(limit, true).is_none_or(|limit| at > limit);
    }
    if let Some(limit) = range.strip_prefix('<') {
        return moment(limit, false).is_none_or(|limit| at < limit);
    }
    let (from, to) = (moment(range, false), moment(range, true));
    from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to)
}

fn moment(text: &str, end_of_day: bool) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let time = if end_of_day { "23:59:59" } else { "00:00:00" };
        format!("{text}T{time}Z").parse().ok()
    })
}

/// Messages that a failed job leaves at its check run.
pub(super) fn annotations(links: &Links, run: &Run, inst: &Inst) -> Vec<Value> {
    let (_, conclusion) = inst.status();
    let failed = conclusion == Some("failure");
    let messages: Vec<(&str, &str, &str, u64)> = match inst.home.1.as_str() {
        _ if !failed => Vec::new(),
        "e2e" => vec![(
            "e2e/launch.spec.ts",
            "failure",
            "holds at T-9: expected HOLD, received T-8",
            41,
        )],
        "vulture" => vec![(
            "src/rocket/legacy.py",
            "warning",
            "unused function 'ignite'",
            12,
        )],
        _ => Vec::new(),
    };
    let exit = failed.then_some((
        ".github",
        "failure",
        "Process completed with exit code 1.",
        1,
    ));
    messages
        .into_iter()
        .chain(exit)
        .map(|(path, level, message, line)| {
            json!({
                "path": path,
                "blob_href": format!("{WEB}/{}/{}/blob/{}/{path}", links.owner, links.name, run.sha),
                "start_line": line,
                "start_column": null,
                "end_line": line,
                "end_column": null,
                "annotation_level": level,
                "title": "",
                "message": message,
                "raw_details": "",
            })
        })
        .collect()
}

pub(super) fn check_run(links: &Links, run: &Run, attempt: &Attempt, inst: &Inst) -> Value {
    let id = inst.id.unwrap_or(0);
    let (status, conclusion) = inst.status();
    let page = links.web(&format!("/actions/runs/{}/job/{id}", run.id));
    let url = links.repo(&format!("/check-runs/{id}"));
    json!({
        "id": id,
        "name": shortened(&inst.name),
        "node_id": node("CR", id),
        "head_sha": run.sha,
        "external_id": "",
        "url": url,
        "html_url": page,
        "details_url": page,
        "status": status,
        "conclusion": conclusion,
        "started_at": date(inst.started.unwrap_or(attempt.started)),
        "completed_at": inst.completed.map(date),
        "output": {
            "title": null,
            "summary": null,
            "text": null,
            "annotations_count": annotations(links, run, inst).len(),
            "annotations_url": format!("{url}/annotations"),
        },
        "check_suite": {"id": run.id + 17_000_000_000},
        "app": null,
        "pull_requests": [],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_filtered_as_the_search_syntax_says() {
        let at: Timestamp = "2026-03-04T05:06:07Z".parse().unwrap_or_default();
        for range in [
            ">=2026-03-04",
            "<=2026-03-04",
            "2026-03-04",
            "2026-03-01..2026-03-05",
            "2026-03-01..*",
            "<2026-03-05",
            ">2026-03-03",
            ">=2026-03-04T05:06:07Z",
        ] {
            assert!(in_range(range, at), "{range}");
        }
        for range in [
            ">2026-03-04",
            "<2026-03-04",
            ">=2026-03-04T05:06:08Z",
            "2026-03-05..2026-03-06",
        ] {
            assert!(!in_range(range, at), "{range}");
        }
    }

    #[test]
    fn long_names_are_shortened() {
        assert_eq!(shortened("a"), "a");
        let short = shortened(&"x".repeat(200));
        assert_eq!(short.len(), 100);
        assert!(short.ends_with("..."));
    }
}
