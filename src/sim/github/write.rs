//! What a client may change: gates, runs, dispatches.

use http::Method;
use serde_json::{Value, json};

use super::exchange::{Reply, Request};
use super::repository;
use super::routes;
use super::runs;
use crate::sim::maintainer::Change;
use crate::sim::scenario::Review;
use crate::sim::world::attempt::{Conclusion, State};
use crate::sim::world::inst::Inst;
use crate::sim::world::repo::VIEWER;
use crate::sim::world::{Arrival, World};

/// Answers a request that is not a GET.
pub(super) fn answer(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    world.changes.push(Change {
        method: request.method.to_string(),
        path: request.path.clone(),
        body: request.json(),
    });
    match (request.method.clone(), rest) {
        (Method::POST, ["actions", "runs", id, "pending_deployments"]) => {
            review(world, request, id)
        }
        (Method::POST, ["actions", "runs", id, "rerun"]) => rerun(world, id, &|_| true),
        (Method::POST, ["actions", "runs", id, "rerun-failed-jobs"]) => rerun(world, id, &failed),
        (Method::POST, ["actions", "runs", id, verb @ ("cancel" | "force-cancel")]) => {
            cancel(world, id, *verb == "force-cancel")
        }
        (Method::POST, ["actions", "jobs", id, "rerun"]) => rerun_job(world, id),
        (Method::POST, ["actions", "workflows", name, "dispatches"]) => {
            dispatch(world, request, name)
        }
        (Method::PUT, ["actions", "workflows", name, verb @ ("enable" | "disable")]) => {
            enable(world, name, *verb == "enable")
        }
        (Method::POST, ["dispatches"]) => repository_dispatch(world, request),
        (Method::PATCH, ["releases", id]) => mark(world, request, id),
        _ => Reply::not_found(),
    }
}

fn failed(inst: &Inst) -> bool {
    !inst.group
        && matches!(
            inst.state,
            State::Done(Conclusion::Failure | Conclusion::Cancelled | Conclusion::TimedOut)
        )
}

fn review(world: &mut World, request: &Request, id: &str) -> Reply {
    let Some(body) = request.json() else {
        return Reply::error(400, "Problems parsing JSON");
    };
    let ids: Option<Vec<u64>> = body
        .get("environment_ids")
        .and_then(Value::as_array)
        .map(|ids| ids.iter().filter_map(Value::as_u64).collect());
    let state = body.get("state").and_then(Value::as_str);
    let comment = body.get("comment").and_then(Value::as_str);
    let (Some(ids), Some(state), Some(comment)) = (ids, state, comment) else {
        return Reply::error(
            422,
            "Invalid request.\n\n\"environment_ids\", \"state\" and \"comment\" weren't supplied.",
        );
    };
    let review = match state {
        "approved" => Review::Approve,
        "rejected" => Review::Reject,
        _ => return Reply::invalid("PendingDeployment", "state", "invalid"),
    };
    let Some(run) = id.parse().ok().and_then(|id: u64| world.runs.get(&id)) else {
        return Reply::not_found();
    };
    let id = run.id;
    let mut names = Vec::new();
    for wanted in ids {
        let environment = world.repo.environments.iter().find(|one| one.id == wanted);
        match environment.filter(|one| routes::waits_for(run, &one.name)) {
            Some(environment) if runs::may_review(environment, run) => {
                names.push(environment.name.clone());
            }
            Some(_) => return Reply::error(403, "You are not allowed to review this environment."),
            None => {
                return Reply::error(422, "No pending deployment requests to approve or reject");
            }
        }
    }
    if names.is_empty() {
        return Reply::error(422, "No pending deployment requests to approve or reject");
    }
    for name in &names {
        world.review(id, name, review, VIEWER, comment, world.now);
    }
    Reply::ok(json!(routes::reviewed(world, &request.links, id, &names)))
}

fn rerun(world: &mut World, id: &str, choose: &dyn Fn(&Inst) -> bool) -> Reply {
    let Some(id) = id
        .parse()
        .ok()
        .filter(|id: &u64| world.runs.contains_key(id))
    else {
        return Reply::not_found();
    };
    let at = world.now;
    if world.rerun(id, VIEWER, at, choose) {
        Reply::json(201, json!({}))
    } else {
        Reply::error(403, "This workflow run cannot be retried")
    }
}

fn rerun_job(world: &mut World, id: &str) -> Reply {
    let Some((id, run)) = id
        .parse()
        .ok()
        .and_then(|id: u64| world.job(id).map(|(run, _, _)| (id, run.id)))
    else {
        return Reply::not_found();
    };
    rerun(world, &run.to_string(), &|inst| inst.id == Some(id))
}

fn cancel(world: &mut World, id: &str, force: bool) -> Reply {
    let Some(id) = id
        .parse()
        .ok()
        .filter(|id: &u64| world.runs.contains_key(id))
    else {
        return Reply::not_found();
    };
    let at = world.now;
    if world.cancel(id, force, at) {
        Reply::json(202, json!({}))
    } else {
        Reply::error(409, "Cannot cancel a workflow run that is completed.")
    }
}

fn enable(world: &mut World, name: &str, on: bool) -> Reply {
    let Some(path) = world.workflow(name).map(|file| file.path.clone()) else {
        return Reply::not_found();
    };
    for file in world.files.iter_mut().filter(|file| file.path == path) {
        file.enabled = on;
    }
    Reply::empty(204)
}

fn dispatch(world: &mut World, request: &Request, name: &str) -> Reply {
    let Some(file) = world.workflow(name) else {
        return Reply::not_found();
    };
    if !file.text.contains("workflow_dispatch") {
        return Reply::error(422, "Workflow does not have 'workflow_dispatch' trigger");
    }
    if !file.enabled {
        return Reply::error(
            422,
            "Cannot trigger a 'workflow_dispatch' on a disabled workflow",
        );
    }
    let workflow = file.path.clone();
    let body = request.json().unwrap_or_default();
    let Some(head) = body.get("ref").and_then(Value::as_str) else {
        return Reply::error(422, "Invalid request.\n\n\"ref\" wasn't supplied.");
    };
    let Some(commit) = world.repo.resolve(head) else {
        return Reply::error(422, &format!("No ref found for: {head}"));
    };
    let sha = commit.sha.clone();
    let id = world.ids.next_run();
    let head = head.rsplit('/').next().unwrap_or(head).to_owned();
    world.arrivals.push(Arrival {
        at: world.now,
        workflow,
        event: "workflow_dispatch".to_owned(),
        head,
        sha,
        actor: VIEWER.to_owned(),
        star: true,
        payload: None,
        id: Some(id),
    });
    if body.get("return_run_details") != Some(&Value::Bool(true)) {
        return Reply::empty(204);
    }
    Reply::ok(json!({
        "workflow_run_id": id,
        "run_url": request.links.repo(&format!("/actions/runs/{id}")),
        "html_url": request.links.web(&format!("/actions/runs/{id}")),
    }))
}

/// Changes what a Release is told to be.
fn mark(world: &mut World, request: &Request, id: &str) -> Reply {
    let Some(body) = request.json() else {
        return Reply::error(400, "Problems parsing JSON");
    };
    let now = world.now;
    let mut releases = world.repo.releases.iter_mut();
    let Some(release) = releases.find(|one| one.id.to_string() == id) else {
        return Reply::not_found();
    };
    let flag = |name: &str| body.get(name).and_then(Value::as_bool);
    release.prerelease = flag("prerelease").unwrap_or(release.prerelease);
    release.draft = flag("draft").unwrap_or(release.draft);
    if !release.draft {
        release.published.get_or_insert(now);
    }
    Reply::ok(repository::release(&request.links, release))
}

fn repository_dispatch(world: &mut World, request: &Request) -> Reply {
    let body = request.json().unwrap_or_default();
    let event = body
        .get("event_type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if event.is_empty() || event.len() > 100 {
        return Reply::invalid("RepositoryDispatch", "event_type", "invalid");
    }
    let payload = body
        .get("client_payload")
        .cloned()
        .unwrap_or_else(|| json!({}));
    if payload.as_object().is_none_or(|map| map.len() > 10) {
        return Reply::invalid("RepositoryDispatch", "client_payload", "invalid");
    }
    let listens = |text: &str| text.contains("repository_dispatch") && text.contains(event);
    let listening: Vec<String> = world
        .files
        .iter()
        .filter(|file| file.listed && file.enabled && listens(&file.text))
        .map(|file| file.path.clone())
        .collect();
    let sha = world
        .repo
        .head()
        .map(|commit| commit.sha.clone())
        .unwrap_or_default();
    for workflow in listening {
        world.arrivals.push(Arrival {
            at: world.now,
            workflow,
            event: "repository_dispatch".to_owned(),
            head: "main".to_owned(),
            sha: sha.clone(),
            actor: VIEWER.to_owned(),
            star: true,
            payload: Some(payload.clone()),
            id: None,
        });
    }
    Reply::empty(204)
}
