//! Which request gets which answer.

use http::Method;
use serde_json::{Value, json};

use super::exchange::{Reply, Request};
use super::links::{Links, date};
use super::{attestations, repository, runs, write};
use crate::sim::log;
use crate::sim::world::World;
use crate::sim::world::attempt::State;
use crate::sim::world::repo::VIEWER;
use crate::sim::world::run::Run;

/// Answers everything but GraphQL and the rate limit.
pub(super) fn answer(world: &mut World, request: &Request, known: bool) -> Reply {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        [] if request.method == Method::GET => Reply::ok(root(&request.links)),
        ["user"] if !known => Reply::error(401, "Requires authentication"),
        ["user"] => Reply::ok(viewer(world, &request.links)),
        ["meta"] => Reply::ok(json!({"verifiable_password_authentication": false})),
        ["versions"] => Reply::ok(json!(["2022-11-28", "2026-03-10"])),
        ["search", "issues"] => repository::search_issues(world, request),
        ["repos", owner, name, rest @ ..] => {
            let ours = format!("{owner}/{name}").eq_ignore_ascii_case(&world.scenario.repo);
            if !ours {
                return Reply::not_found();
            }
            match request.method {
                Method::GET => read(world, request, rest, known),
                _ if !known => Reply::error(401, "Requires authentication"),
                _ => write::answer(world, request, rest),
            }
        }
        _ => Reply::not_found(),
    }
}

fn read(world: &World, request: &Request, rest: &[&str], known: bool) -> Reply {
    let links = &request.links;
    match rest {
        [] => Reply::ok(links.full_repository(world.now)),
        ["actions", rest @ ..] => actions(world, request, rest),
        ["commits"] => repository::commits(world, request),
        ["commits", name] => repository::one_commit(world, request, name),
        ["commits", name, "check-runs"] => commit_checks(world, request, name),
        ["compare", names] => repository::compare(world, request, names),
        ["contents", path @ ..] => repository::contents(world, request, &path.join("/")),
        ["git", "ref", name @ ..] => repository::one_ref(world, links, &name.join("/")),
        ["git", "matching-refs", name @ ..] => Reply::ok(json!(repository::matching_refs(
            world,
            links,
            &name.join("/")
        ))),
        ["git", "tags", sha] => repository::git_tag(world, links, sha),
        ["tags"] => repository::tags(world, request),
        ["releases"] => repository::releases(world, request, known),
        ["releases", "latest"] => repository::latest(world).map_or_else(Reply::not_found, |one| {
            Reply::ok(repository::release(links, one))
        }),
        ["releases", "tags", tag @ ..] => world
            .repo
            .release(&tag.join("/"))
            .map_or_else(Reply::not_found, |one| {
                Reply::ok(repository::release(links, one))
            }),
        ["releases", "assets", id] => asset(world, request, id),
        ["releases", id] => {
            release_by_id(world, id, |one| Reply::ok(repository::release(links, one)))
        }
        ["releases", id, "assets"] => release_by_id(world, id, |one| {
            let assets: Vec<Value> = one
                .assets
                .iter()
                .map(|(id, file)| repository::asset(links, one, *id, file))
                .collect();
            Reply::array(request, &assets)
        }),
        ["environments"] => {
            let all = world.repo.environments.iter();
            let all: Vec<Value> = all.map(|one| runs::environment(links, one)).collect();
            Reply::listing(request, "environments", &all)
        }
        ["environments", name] => world
            .repo
            .environment(name)
            .map_or_else(Reply::not_found, |one| {
                Reply::ok(runs::environment(links, one))
            }),
        ["environments", name, "deployment-branch-policies"] => world
            .repo
            .environment(name)
            .map_or_else(Reply::not_found, |_| {
                Reply::ok(json!({"total_count": 0, "branch_policies": []}))
            }),
        ["environments", name, "deployment_protection_rules"] => world
            .repo
            .environment(name)
            .map_or_else(Reply::not_found, |_| {
                Reply::ok(json!({"total_count": 0, "custom_deployment_protection_rules": []}))
            }),
        ["deployments"] => deployments(world, request),
        ["check-runs", id] => with_job(world, id, |run, attempt, inst| {
            Reply::ok(runs::check_run(links, run, attempt, inst))
        }),
        ["check-runs", id, "annotations"] => with_job(world, id, |run, _, inst| {
            Reply::array(request, &runs::annotations(links, run, inst))
        }),
        ["issues"] => {
            let all = world.repo.issues.iter().rev();
            let open = request.parameter("state") != Some("closed");
            let all: Vec<Value> = all
                .filter(|one| one.open == open || request.parameter("state") == Some("all"))
                .map(|one| repository::issue(links, one))
                .collect();
            Reply::array(request, &all)
        }
        ["issues", number] => world
            .repo
            .issues
            .iter()
            .find(|issue| issue.number.to_string() == *number)
            .map_or_else(Reply::not_found, |one| {
                Reply::ok(repository::issue(links, one))
            }),
        ["attestations", digest] => attestations::listed(world, request, digest),
        ["rules", "branches", _] => Reply::ok(json!([])),
        _ => Reply::not_found(),
    }
}

fn actions(world: &World, request: &Request, rest: &[&str]) -> Reply {
    let links = &request.links;
    let founded = world
        .repo
        .commits
        .first()
        .map_or(world.now, |commit| commit.at);
    match rest {
        ["workflows"] => {
            let listed = world.files.iter().filter(|file| file.listed);
            let all: Vec<Value> = listed
                .map(|file| runs::workflow(links, file, founded))
                .collect();
            Reply::listing(request, "workflows", &all)
        }
        ["workflows", name] => world.workflow(name).map_or_else(Reply::not_found, |file| {
            Reply::ok(runs::workflow(links, file, founded))
        }),
        ["workflows", name, "runs"] => world.workflow(name).map_or_else(Reply::not_found, |file| {
            runs::listed(world, request, Some(file))
        }),
        ["runs"] => runs::listed(world, request, None),
        ["runs", id, rest @ ..] => match id.parse().ok().and_then(|id: u64| world.runs.get(&id)) {
            Some(run) => of_run(world, request, run, rest),
            None => Reply::not_found(),
        },
        ["jobs", id] => with_job(world, id, |run, attempt, inst| {
            Reply::ok(runs::job(world, links, run, attempt, inst))
        }),
        ["jobs", id, "logs"] => with_job(world, id, |_, _, _| {
            // The redirect comes whether there is a log or not; the other host says that there is none.
            Reply::redirect(super::blob::address(&request.blobs, &format!("/logs/{id}")))
        }),
        ["artifacts"] => artifacts(world, request, None),
        ["artifacts", id] => artifact(world, id, |one| {
            Reply::ok(runs::artifact(world, links, one))
        }),
        ["artifacts", id, "zip"] => artifact(world, id, |_| {
            Reply::redirect(super::blob::address(
                &request.blobs,
                &format!("/artifacts/{id}"),
            ))
        }),
        _ => Reply::not_found(),
    }
}

fn of_run(world: &World, request: &Request, run: &Run, rest: &[&str]) -> Reply {
    let links = &request.links;
    let Some(newest) = run.newest() else {
        return Reply::not_found();
    };
    let attempt = |number: &str| number.parse().ok().and_then(|number| run.attempt(number));
    match rest {
        [] => Reply::ok(runs::run(world, links, run, newest)),
        ["attempts", number] => attempt(number).map_or_else(Reply::not_found, |one| {
            Reply::ok(runs::run(world, links, run, one))
        }),
        ["attempts", number, "jobs"] => attempt(number).map_or_else(Reply::not_found, |one| {
            Reply::listing(request, "jobs", &runs::jobs(world, links, run, one))
        }),
        ["jobs"] => {
            let jobs = if request.parameter("filter") == Some("all") {
                let attempts = run.attempts.iter();
                attempts
                    .flat_map(|one| runs::jobs(world, links, run, one))
                    .collect()
            } else {
                runs::jobs(world, links, run, newest)
            };
            Reply::listing(request, "jobs", &jobs)
        }
        ["logs"] | ["attempts", _, "logs"] => {
            if !run.is_over() {
                return Reply::not_found();
            }
            Reply::redirect(super::blob::address(
                &request.blobs,
                &format!("/runs/{}", run.id),
            ))
        }
        ["pending_deployments"] => Reply::ok(json!(runs::pending(world, links, run))),
        ["approvals"] => Reply::ok(json!(runs::approvals(world, links, run))),
        ["artifacts"] => artifacts(world, request, Some(run.id)),
        _ => Reply::not_found(),
    }
}

fn artifacts(world: &World, request: &Request, run: Option<u64>) -> Reply {
    let name = request.parameter("name");
    let all: Vec<Value> = world
        .repo
        .artifacts
        .iter()
        .rev()
        .filter(|one| run.is_none_or(|run| one.run == run))
        .filter(|one| name.is_none_or(|name| one.name == name))
        .map(|one| runs::artifact(world, &request.links, one))
        .collect();
    Reply::listing(request, "artifacts", &all)
}

fn artifact(
    world: &World,
    id: &str,
    show: impl FnOnce(&crate::sim::world::repo::Artifact) -> Reply,
) -> Reply {
    world
        .repo
        .artifacts
        .iter()
        .find(|one| one.id.to_string() == id)
        .map_or_else(Reply::not_found, show)
}

fn with_job(
    world: &World,
    id: &str,
    show: impl FnOnce(
        &Run,
        &crate::sim::world::attempt::Attempt,
        &crate::sim::world::inst::Inst,
    ) -> Reply,
) -> Reply {
    let found = id.parse().ok().and_then(|id| world.job(id));
    found.map_or_else(Reply::not_found, |(run, attempt, inst)| {
        show(run, attempt, inst)
    })
}

fn release_by_id(
    world: &World,
    id: &str,
    show: impl FnOnce(&crate::sim::world::repo::Release) -> Reply,
) -> Reply {
    world
        .repo
        .releases
        .iter()
        .find(|one| one.id.to_string() == id)
        .map_or_else(Reply::not_found, show)
}

fn asset(world: &World, request: &Request, id: &str) -> Reply {
    let found = world.repo.releases.iter().find_map(|release| {
        let (id, file) = release
            .assets
            .iter()
            .find(|(one, _)| one.to_string() == id)?;
        Some((release, *id, file))
    });
    let Some((release, id, file)) = found else {
        return Reply::not_found();
    };
    if request.accepts("octet-stream") {
        return Reply::redirect(super::blob::address(
            &request.blobs,
            &format!("/assets/{id}"),
        ));
    }
    Reply::ok(repository::asset(&request.links, release, id, file))
}

fn deployments(world: &World, request: &Request) -> Reply {
    let given = |name: &str| {
        request
            .parameter(name)
            .filter(|value| !value.is_empty() && *value != "none")
    };
    let mut all: Vec<Value> = Vec::new();
    for run in world.runs.values().rev() {
        let wanted = given("sha").is_none_or(|sha| sha == run.sha)
            && given("ref").is_none_or(|name| name == run.head);
        for inst in run
            .newest()
            .into_iter()
            .filter(|_| wanted)
            .flat_map(|attempt| &attempt.insts)
        {
            let named =
                given("environment").is_none_or(|name| inst.environment.as_deref() == Some(name));
            all.extend(runs::deployment(&request.links, run, inst).filter(|_| named));
        }
    }
    Reply::array(request, &all)
}

fn commit_checks(world: &World, request: &Request, name: &str) -> Reply {
    let Some(commit) = world.repo.resolve(name) else {
        return Reply::not_found();
    };
    let mut all = Vec::new();
    for run in world.runs.values().filter(|run| run.sha == commit.sha) {
        let Some(attempt) = run.newest() else {
            continue;
        };
        for inst in attempt.insts.iter().filter(|inst| inst.id.is_some()) {
            all.push(runs::check_run(&request.links, run, attempt, inst));
        }
    }
    Reply::listing(request, "check_runs", &all)
}

/// Whether some job waits for this environment in the run's newest attempt.
pub(super) fn waits_for(run: &Run, environment: &str) -> bool {
    run.newest().is_some_and(|attempt| {
        attempt.insts.iter().any(|inst| {
            matches!(inst.state, State::Waiting(_))
                && inst.environment.as_deref() == Some(environment)
        })
    })
}

/// The text of a job's log where it can be had.
pub(super) fn job_log(world: &World, id: u64) -> Option<String> {
    let (run, _, inst) = world.job(id)?;
    runs::has_log(inst).then(|| log::whole(world, run, inst))
}

fn viewer(world: &World, links: &Links) -> Value {
    let mut user = links.user(VIEWER);
    let founded = world
        .repo
        .commits
        .first()
        .map_or(world.now, |commit| commit.at);
    let more = json!({
        "name": "Nova Hale",
        "company": null,
        "blog": "",
        "location": null,
        "email": null,
        "hireable": null,
        "bio": null,
        "twitter_username": null,
        "public_repos": 3,
        "public_gists": 0,
        "followers": 7,
        "following": 5,
        "created_at": date(founded),
        "updated_at": date(founded),
        "private_gists": 0,
        "total_private_repos": 0,
        "owned_private_repos": 0,
        "disk_usage": 10,
        "collaborators": 0,
        "two_factor_authentication": true,
    });
    if let (Some(map), Value::Object(more)) = (user.as_object_mut(), more) {
        map.extend(more);
    }
    user
}

/// What the root of the API names.
const PLACES: [(&str, &str); 33] = [
    ("current_user_url", "/user"),
    (
        "current_user_authorizations_html_url",
        "/settings/connections/applications{/client_id}",
    ),
    ("authorizations_url", "/authorizations"),
    (
        "code_search_url",
        "/search/code?q={query}{&page,per_page,sort,order}",
    ),
    (
        "commit_search_url",
        "/search/commits?q={query}{&page,per_page,sort,order}",
    ),
    ("emails_url", "/user/emails"),
    ("emojis_url", "/emojis"),
    ("events_url", "/events"),
    ("feeds_url", "/feeds"),
    ("followers_url", "/user/followers"),
    ("following_url", "/user/following{/target}"),
    ("gists_url", "/gists{/gist_id}"),
    ("hub_url", "/hub"),
    (
        "issue_search_url",
        "/search/issues?q={query}{&page,per_page,sort,order}",
    ),
    ("issues_url", "/issues"),
    ("keys_url", "/user/keys"),
    (
        "label_search_url",
        "/search/labels?q={query}&repository_id={repository_id}{&page,per_page}",
    ),
    ("notifications_url", "/notifications"),
    ("organization_url", "/orgs/{org}"),
    (
        "organization_repositories_url",
        "/orgs/{org}/repos{?type,page,per_page,sort}",
    ),
    ("organization_teams_url", "/orgs/{org}/teams"),
    ("public_gists_url", "/gists/public"),
    ("rate_limit_url", "/rate_limit"),
    ("repository_url", "/repos/{owner}/{repo}"),
    (
        "repository_search_url",
        "/search/repositories?q={query}{&page,per_page,sort,order}",
    ),
    (
        "current_user_repositories_url",
        "/user/repos{?type,page,per_page,sort}",
    ),
    ("starred_url", "/user/starred{/owner}{/repo}"),
    ("starred_gists_url", "/gists/starred"),
    (
        "topic_search_url",
        "/search/topics?q={query}{&page,per_page}",
    ),
    ("user_url", "/users/{user}"),
    ("user_organizations_url", "/user/orgs"),
    (
        "user_repositories_url",
        "/users/{user}/repos{?type,page,per_page,sort}",
    ),
    (
        "user_search_url",
        "/search/users?q={query}{&page,per_page,sort,order}",
    ),
];

fn root(links: &Links) -> Value {
    let base = &links.base;
    let mut map = serde_json::Map::new();
    for (key, rest) in PLACES {
        map.insert(key.to_owned(), json!(format!("{base}{rest}")));
    }
    Value::Object(map)
}

/// A deployment as the review of a gate answers it.
pub(super) fn reviewed(
    world: &World,
    links: &Links,
    run: u64,
    environments: &[String],
) -> Vec<Value> {
    let Some(run) = world.runs.get(&run) else {
        return Vec::new();
    };
    run.newest()
        .into_iter()
        .flat_map(|attempt| &attempt.insts)
        .filter(|inst| {
            inst.environment
                .as_ref()
                .is_some_and(|name| environments.contains(name))
        })
        .filter_map(|inst| runs::deployment(links, run, inst))
        .collect()
}
