//! What is asked for, and what is made of the answers.

use std::sync::atomic::{AtomicUsize, Ordering};

use gonogo::domain::fact::{Ask, Fact, FailureKind, WorkflowKey};
use gonogo::domain::ids::{Attempt, RunId};
use gonogo::domain::run::{Conclusion, Job, Status};
use gonogo::sources::github::{Client, GithubAccess};
use serde_json::{Value, json};

use super::stub::{self, Reply, Request, Stub, client, fact};

const SHA: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678";

fn job(id: u64) -> Value {
    json!({
        "id": id, "run_id": 1, "run_attempt": 1, "name": format!("job {id}"),
        "status": "completed", "conclusion": "success",
        "created_at": "2026-01-01T00:00:00Z", "started_at": "2026-01-01T00:00:01Z",
        "completed_at": "2026-01-01T00:01:00Z", "html_url": null, "labels": ["ubuntu-latest"],
        "runner_name": "",
        "steps": [{"number": 1, "name": "Set up", "status": "completed", "conclusion": "success"}]
    })
}

/// A page of `total` jobs, from `shift` on.
fn page(request: &Request, total: u64, shift: u64) -> Reply {
    let page: u64 = request.query("page").unwrap().parse().unwrap();
    let size: u64 = request.query("per_page").unwrap().parse().unwrap();
    let from = (page - 1) * size + shift;
    let jobs: Vec<Value> = (from..(from + size).min(total + shift)).map(job).collect();
    Reply::json(&json!({"total_count": total, "jobs": jobs}))
}

fn jobs(fact: Fact) -> Vec<Job> {
    match fact {
        Fact::Jobs(jobs) => jobs,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn all_jobs_of_all_pages_are_read_in_order() {
    for (total, pages) in [(0, 1), (1, 1), (100, 1), (101, 2), (300, 3)] {
        let stub = Stub::start(move |request| page(request, total, 0)).await;
        let found = jobs(fact(&client(&stub), &Ask::Jobs(RunId(1))).await);
        let ids: Vec<u64> = found.iter().map(|job| job.id.0).collect();
        assert_eq!(ids, (0..total).collect::<Vec<_>>());
        assert_eq!(stub.seen().len(), pages, "{total} jobs");
        assert!(
            stub.paths()[0]
                .starts_with("/repos/acme/rocket/actions/runs/1/jobs?filter=latest&per_page=100")
        );
    }
}

#[tokio::test]
async fn jobs_of_an_attempt_have_an_address_of_their_own() {
    let stub = Stub::start(|request| page(request, 2, 0)).await;
    let ask = Ask::AttemptJobs(RunId(1), Attempt(2));
    assert_eq!(jobs(fact(&client(&stub), &ask).await).len(), 2);
    assert_eq!(
        stub.paths(),
        ["/repos/acme/rocket/actions/runs/1/attempts/2/jobs?per_page=100&page=1"]
    );
}

#[tokio::test]
async fn pages_that_shift_are_read_once_more() {
    let calls = AtomicUsize::new(0);
    let stub = Stub::start(move |request| {
        // The second page of the first reading comes from a list that grew at its head meanwhile.
        match calls.fetch_add(1, Ordering::SeqCst) {
            1 => {
                let jobs: Vec<Value> = (99..150).map(job).collect();
                Reply::json(&json!({"total_count": 151, "jobs": jobs}))
            }
            _ => page(request, 150, 0),
        }
    })
    .await;
    let found = jobs(fact(&client(&stub), &Ask::Jobs(RunId(1))).await);
    assert_eq!(found.len(), 150);
    assert_eq!(stub.seen().len(), 4);
}

#[tokio::test]
async fn pages_that_never_fit_together_are_no_answer() {
    let lies: [fn(&Request) -> Reply; 3] = [
        // each page tells another total
        |request| {
            let page: u64 = request.query("page").unwrap().parse().unwrap();
            let jobs: Vec<Value> = (page * 100..page * 100 + 50).map(job).collect();
            Reply::json(&json!({"total_count": 110 + page, "jobs": jobs}))
        },
        // the same jobs on every page
        |_| {
            let jobs: Vec<Value> = (0..100).map(job).collect();
            Reply::json(&json!({"total_count": 200, "jobs": jobs}))
        },
        // fewer jobs than announced
        |_| Reply::json(&json!({"total_count": 5, "jobs": [job(1)]})),
    ];
    for lie in lies {
        let stub = Stub::start(lie).await;
        let failure = stub::failure(&client(&stub), &Ask::Jobs(RunId(1))).await;
        assert_eq!(failure.kind, FailureKind::Malformed);
        assert!(stub.seen().len() <= 4);
    }
}

#[tokio::test]
async fn an_absurd_number_of_pages_is_not_read() {
    let stub =
        Stub::start(|_| Reply::json(&json!({"total_count": u64::MAX, "jobs": [job(1)]}))).await;
    let failure = stub::failure(&client(&stub), &Ask::Jobs(RunId(1))).await;
    assert_eq!(failure.kind, FailureKind::TooLarge);
    assert_eq!(stub.seen().len(), 1);
}

#[tokio::test]
async fn a_link_to_elsewhere_leads_nowhere() {
    let other = Stub::start(|_| Reply::json(&json!({"total_count": 0, "jobs": []}))).await;
    let link = format!("<{}steal>; rel=\"next\"", other.url);
    let stub = Stub::start(move |request| page(request, 150, 0).with("link", &link)).await;
    let found = jobs(fact(&client(&stub), &Ask::Jobs(RunId(1))).await);
    assert_eq!(found.len(), 150);
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn one_bad_item_does_not_spoil_the_others() {
    let mut odd = job(3);
    odd["status"] = json!("levitating");
    odd["conclusion"] = json!("exploded");
    odd["name"] = json!("evil \u{1b}[31m name");
    let bad = json!({"id": "three", "name": 4});
    let body = json!({"total_count": 3, "jobs": [job(1), bad, odd]});
    let stub = Stub::start(move |_| Reply::json(&body)).await;
    let found = jobs(fact(&client(&stub), &Ask::Jobs(RunId(1))).await);
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].status, Status::Other("levitating".to_owned()));
    assert_eq!(
        found[1].conclusion,
        Some(Conclusion::Other("exploded".to_owned()))
    );
    assert_eq!(found[0].runner, None, "an empty name is none");
}

#[tokio::test]
async fn a_list_of_which_nothing_can_be_read_is_no_empty_list() {
    let stub = Stub::start(|_| Reply::json(&json!({"total_count": 1, "jobs": [{}]}))).await;
    let failure = stub::failure(&client(&stub), &Ask::Jobs(RunId(1))).await;
    assert_eq!(failure.kind, FailureKind::Malformed);
}

#[tokio::test]
async fn the_runs_of_both_workflows_are_asked_for_without_pull_requests() {
    let stub = Stub::start(|_| {
        Reply::json(&json!({"total_count": 1, "workflow_runs": [{
            "id": 31_043_990_930_u64, "head_sha": SHA, "created_at": "2026-01-01T00:00:00Z",
            "path": ".github/workflows/release.yml@refs/tags/v1", "status": null, "conclusion": null,
            "referenced_workflows": [
                {"path": "acme/rocket/.github/workflows/a.yml@v1", "sha": SHA, "ref": "refs/tags/v1"},
                {"path": "no commit", "sha": "main"}
            ]
        }]}))
    })
    .await;
    let client = client(&stub);
    let Fact::Runs(runs) = fact(&client, &Ask::Runs).await else {
        panic!("not runs");
    };
    assert_eq!(runs[0].id, RunId(31_043_990_930));
    assert_eq!(runs[0].path, ".github/workflows/release.yml");
    assert_eq!(runs[0].attempt, Attempt(1));
    assert_eq!(runs[0].status, Status::Other("unknown".to_owned()));
    assert_eq!(runs[0].referenced.len(), 1);
    assert_eq!(
        runs[0].referenced[0].path,
        "acme/rocket/.github/workflows/a.yml"
    );
    fact(&client, &Ask::PublishRuns).await;
    let of = |workflow: &str| {
        format!(
            "/repos/acme/rocket/actions/workflows/{workflow}/runs?per_page=30&exclude_pull_requests=true"
        )
    };
    assert_eq!(stub.paths(), [of("release.yml"), of("publish.yml")]);
    for request in stub.seen() {
        assert_eq!(
            request.header("accept"),
            Some("application/vnd.github+json")
        );
        assert_eq!(request.header("x-github-api-version"), Some("2022-11-28"));
        assert!(request.header("user-agent").unwrap().starts_with("gonogo/"));
        assert_eq!(
            request.header("authorization"),
            Some(format!("Bearer {}", stub::TOKEN).as_str())
        );
    }
}

#[tokio::test]
async fn without_a_publish_workflow_it_has_no_runs_and_is_not_asked_for() {
    let stub = Stub::start(|_| Reply::new(500, "")).await;
    let client = Client::new(GithubAccess {
        publish_workflow: None,
        ..stub::access(&stub)
    });
    assert_eq!(
        fact(&client, &Ask::PublishRuns).await,
        Fact::PublishRuns(Vec::new())
    );
    assert!(stub.seen().is_empty());
}

#[tokio::test]
async fn environments_are_asked_for_by_encoded_name_and_may_be_absent() {
    let stub = Stub::start(|request| match request.path() {
        "/repos/acme/rocket/environments/prod%20eu%2F1%3Fx" => Reply::json(&json!({
            "id": 5, "name": "prod eu/1?x",
            "protection_rules": [
                {"id": 1, "type": "wait_timer", "wait_timer": 30},
                {"id": 2, "type": "required_reviewers", "prevent_self_review": true, "reviewers": [
                    {"type": "User", "reviewer": {"login": "ada"}},
                    {"type": "Team", "reviewer": {"slug": "release-managers"}},
                    {"type": "Robot", "reviewer": {"name": "r2"}}
                ]},
                {"id": 3, "type": "somebody's own"}
            ],
            "deployment_branch_policy": {"protected_branches": true, "custom_branch_policies": false}
        })),
        "/repos/acme/rocket/environments/open" => {
            Reply::json(&json!({"id": 6, "name": "open", "deployment_branch_policy": null}))
        }
        _ => Reply::new(404, r#"{"message": "Not Found"}"#),
    })
    .await;
    let names = ["prod eu/1?x", "absent", "open"];
    let client = Client::new(GithubAccess {
        environments: names.map(str::to_owned).to_vec(),
        ..stub::access(&stub)
    });
    let Fact::Environments(found) = fact(&client, &Ask::Environments).await else {
        panic!("not environments");
    };
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].required_reviewers.as_ref().unwrap().len(), 3);
    assert!(found[0].prevent_self_review && found[0].branch_policy);
    assert_eq!(found[0].wait_minutes, Some(30));
    assert_eq!(
        found[1].required_reviewers, None,
        "it lets everything through"
    );
    assert!(!found[1].branch_policy);
}

#[tokio::test]
async fn an_annotated_tag_is_followed_to_its_commit() {
    let object = "b".repeat(40);
    let below = format!("/repos/acme/rocket/git/tags/{object}");
    let stub = Stub::start(move |request| match request.path() {
        "/repos/acme/rocket/git/ref/tags/v1" => {
            Reply::json(&json!({"ref": "refs/tags/v1", "object": {"type": "tag", "sha": object}}))
        }
        "/repos/acme/rocket/git/ref/tags/plain/1" => Reply::json(
            &json!({"ref": "refs/tags/plain/1", "object": {"type": "commit", "sha": SHA}}),
        ),
        "/repos/acme/rocket/git/ref/tags/v" => {
            Reply::json(&json!({"ref": "refs/tags/v1", "object": {"type": "commit", "sha": SHA}}))
        }
        "/repos/acme/rocket/git/ref/tags/tree" => {
            Reply::json(&json!({"ref": "refs/tags/tree", "object": {"type": "tree", "sha": SHA}}))
        }
        path if path == below => Reply::json(&json!({"object": {"type": "commit", "sha": SHA}})),
        _ => Reply::new(404, r#"{"message": "Not Found"}"#),
    })
    .await;
    let client = client(&stub);
    let tag = async |name: &str| match fact(&client, &Ask::TagRef(name.to_owned())).await {
        Fact::TagRef(found) => found.map(|tag| (tag.commit.as_str().to_owned(), tag.annotated)),
        other => panic!("{other:?}"),
    };
    assert_eq!(tag("v1").await, Some((SHA.to_owned(), true)));
    assert_eq!(tag("plain/1").await, Some((SHA.to_owned(), false)));
    assert_eq!(tag("v").await, None, "another tag that begins the same");
    assert_eq!(tag("gone").await, None);
    let asked = stub.seen().len();
    for climbing in ["../../releases", "", "a//b", "."] {
        assert_eq!(tag(climbing).await, None);
    }
    assert_eq!(stub.seen().len(), asked, "they are not even asked for");
    let failure = stub::failure(&client, &Ask::TagRef("tree".to_owned())).await;
    assert_eq!(failure.kind, FailureKind::Unexpected);
    assert_eq!(tag("\u{1b}[2J\n").await, None);
}

#[tokio::test]
async fn a_workflow_file_comes_raw_at_its_commit_or_is_not_there() {
    let stub = Stub::start(|request| match request.path() {
        "/repos/acme/shared/contents/.github/workflows/a%20b.yml" => Reply::new(200, "on: push\n"),
        _ => Reply::new(404, "{}"),
    })
    .await;
    let client = client(&stub);
    let file = async |path: &str| {
        let key = WorkflowKey {
            repo: "acme/shared".parse().unwrap(),
            path: path.to_owned(),
            sha: SHA.parse().unwrap(),
        };
        match fact(&client, &Ask::Workflow(key)).await {
            Fact::Workflow(text) => text,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        file(".github/workflows/a b.yml").await.as_deref(),
        Some("on: push\n")
    );
    assert_eq!(file(".github/workflows/none.yml").await, None);
    assert_eq!(stub.seen()[0].query("ref"), Some(SHA));
    assert_eq!(
        stub.seen()[0].header("accept"),
        Some("application/vnd.github.raw+json")
    );
    let odd = WorkflowKey {
        repo: "acme/shared".parse().unwrap(),
        path: ".github/\u{1b}[2J\u{7}evil.yml".to_owned(),
        sha: SHA.parse().unwrap(),
    };
    let bytes = Stub::start(|_| Reply::new(200, vec![0xff, 0xfe])).await;
    let failure = stub::failure(&stub::client(&bytes), &Ask::Workflow(odd)).await;
    assert_eq!(failure.kind, FailureKind::Malformed);
    assert_eq!(file("../../../user").await, None);
    assert_eq!(stub.seen().len(), 2, "a path that climbs is not asked for");
}

#[tokio::test]
async fn the_viewer_is_told_with_the_scopes_of_a_classic_token() {
    let viewer = async |scopes: Option<&'static str>| {
        let stub = Stub::start(move |_| {
            let reply = Reply::json(&json!({"login": "ada", "id": 1}));
            match scopes {
                Some(scopes) => reply.with("x-oauth-scopes", scopes),
                None => reply,
            }
        })
        .await;
        match fact(&client(&stub), &Ask::Viewer).await {
            Fact::Viewer(viewer) => viewer,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        viewer(Some("repo, workflow")).await.scopes,
        Some(vec!["repo".to_owned(), "workflow".to_owned()])
    );
    assert_eq!(viewer(Some("")).await.scopes, Some(Vec::new()));
    assert_eq!(viewer(None).await.scopes, None);
    assert_eq!(viewer(None).await.login, "ada");
}

#[tokio::test]
async fn an_interface_below_a_path_is_asked_below_it() {
    let stub = Stub::start(|_| Reply::json(&json!([]))).await;
    for root in ["api/v3", "api/v3/"] {
        let client = Client::new(GithubAccess {
            api_url: stub.url.join(root).unwrap(),
            ..stub::access(&stub)
        });
        fact(&client, &Ask::Releases).await;
    }
    let expected = "/api/v3/repos/acme/rocket/releases?per_page=30";
    assert_eq!(stub.paths(), [expected, expected]);
}
