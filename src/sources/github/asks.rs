//! One function a question.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use serde::de::DeserializeOwned;

use crate::domain::fact::{Failure, FailureKind, Viewer, WorkflowKey};
use crate::domain::ids::{Attempt, CommitSha, RepoSlug, RunId};
use crate::domain::run::{Approval, Environment, Job, PendingDeployment, Release, Run, TagRef};
use crate::net::failure;
use crate::net::text::clean;

use super::api::{Accept, Call, GITHUB, Look};
use super::cache::Reply;
use super::convert::{self, Leads};
use super::{Client, refusal, wire};

/// Largest JSON answer, bytes; a page of a hundred jobs with many steps is about one.
const JSON_BYTES: usize = 8 * 1024 * 1024;
/// Largest workflow file, bytes.
const FILE_BYTES: usize = 1024 * 1024;
/// Runs and Releases asked for at once.
const RECENT: &str = "30";
/// Jobs on a page: the most that GitHub gives.
const PAGE: u64 = 100;
/// Pages of jobs that are read.
const MOST_PAGES: u64 = 30;
/// Annotated tags that point at annotated tags.
const TAG_DEPTH: usize = 5;

/// One page of a listing of jobs.
struct JobsPage {
    total: Option<u64>,
    sent: usize,
    jobs: Vec<Job>,
}

impl Client {
    /// An address below this repository's.
    pub(super) fn address(&self, below: &[&str]) -> Result<url::Url, Failure> {
        self.find(&self.repo, below).ok_or_else(|| {
            failure::plain(
                FailureKind::NotFound,
                "A name in the configuration is none that GitHub could have.",
                "Check `pipeline` in the configuration; `gonogo config show --origin` prints it.",
            )
        })
    }

    fn find(&self, repo: &RepoSlug, below: &[&str]) -> Option<url::Url> {
        let whole = ["repos", repo.owner(), repo.name()];
        self.api.url(whole.into_iter().chain(below.iter().copied()))
    }

    pub(super) fn call(
        &self,
        below: &[&str],
        query: &[(&str, &str)],
        subject: &str,
    ) -> Result<Call, Failure> {
        let mut url = self.address(below)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(Call {
            url,
            accept: Accept::Json,
            limit: JSON_BYTES,
            subject: clean(subject),
        })
    }

    pub(super) async fn runs(&self, look: &Look<'_>, workflow: &str) -> Result<Vec<Run>, Failure> {
        let call = self.call(
            &["actions", "workflows", workflow, "runs"],
            &[("per_page", RECENT), ("exclude_pull_requests", "true")],
            &format!("the runs of {workflow} in {}", self.repo),
        )?;
        look.must(&call, |reply| {
            let page: wire::RunPage = parse(&call, reply)?;
            list(&call, page.workflow_runs, convert::run)
        })
        .await
    }

    pub(super) async fn run(&self, look: &Look<'_>, run: RunId) -> Result<Run, Failure> {
        let call = self.call(
            &["actions", "runs", &run.to_string()],
            &[("exclude_pull_requests", "true")],
            &format!("run {run} of {}", self.repo),
        )?;
        look.must(&call, |reply| {
            convert::run(parse(&call, reply)?)
                .filter(|found| found.id == run)
                .ok_or_else(|| failure::malformed(GITHUB, &call.subject))
        })
        .await
    }

    /// All jobs, from as many pages as there are. A listing that shifts while it is read is read once more.
    pub(super) async fn jobs(
        &self,
        look: &Look<'_>,
        run: RunId,
        attempt: Option<Attempt>,
    ) -> Result<Vec<Job>, Failure> {
        for _ in 0..2 {
            if let Some(jobs) = self.listing(look, run, attempt).await? {
                return Ok(jobs);
            }
            tracing::debug!(%run, "the list of jobs shifted while it was read");
        }
        Err(failure::plain(
            FailureKind::Malformed,
            format!("The pages of the jobs of run {run} do not fit together, so none is used."),
            "The list changed while it was read. It is asked again by itself.",
        ))
    }

    /// One reading of all pages; `None` where they do not fit together.
    async fn listing(
        &self,
        look: &Look<'_>,
        run: RunId,
        attempt: Option<Attempt>,
    ) -> Result<Option<Vec<Job>>, Failure> {
        let first = self.jobs_page(look, run, attempt, 1).await?;
        let total = first.total.unwrap_or(first.sent as u64);
        let pages = total.div_ceil(PAGE).max(1);
        if pages > MOST_PAGES {
            return Err(failure::plain(
                FailureKind::TooLarge,
                format!("Run {run} has {total} jobs, more than are read."),
                "Watch it on GitHub's page.",
            ));
        }
        let rest = (2..=pages).map(|page| self.jobs_page(look, run, attempt, page));
        let rest = try_join_all(rest).await?;
        let mut seen = BTreeSet::new();
        let mut jobs = Vec::new();
        let mut sent = 0_u64;
        for page in std::iter::once(first).chain(rest) {
            if page.total.is_some_and(|other| other != total) {
                return Ok(None);
            }
            sent += page.sent as u64;
            for job in page.jobs {
                if !seen.insert(job.id) {
                    return Ok(None);
                }
                jobs.push(job);
            }
        }
        Ok((sent == total).then_some(jobs))
    }

    async fn jobs_page(
        &self,
        look: &Look<'_>,
        run: RunId,
        attempt: Option<Attempt>,
        page: u64,
    ) -> Result<JobsPage, Failure> {
        let (run_text, page) = (run.to_string(), page.to_string());
        let call = match attempt {
            None => self.call(
                &["actions", "runs", &run_text, "jobs"],
                &[("filter", "latest"), ("per_page", "100"), ("page", &page)],
                &format!("the jobs of run {run}"),
            )?,
            Some(attempt) => self.call(
                &[
                    "actions",
                    "runs",
                    &run_text,
                    "attempts",
                    &attempt.to_string(),
                    "jobs",
                ],
                &[("per_page", "100"), ("page", &page)],
                &format!("the jobs of attempt {attempt} of run {run}"),
            )?,
        };
        look.must(&call, |reply| {
            let found: wire::JobPage = parse(&call, reply)?;
            Ok(JobsPage {
                total: found.total_count,
                sent: found.jobs.sent(),
                jobs: list(&call, found.jobs, |job| Some(convert::job(job, run)))?,
            })
        })
        .await
    }

    pub(super) async fn pending(
        &self,
        look: &Look<'_>,
        run: RunId,
    ) -> Result<Vec<PendingDeployment>, Failure> {
        let call = self.call(
            &["actions", "runs", &run.to_string(), "pending_deployments"],
            &[],
            &format!("the gates of run {run}"),
        )?;
        look.must(&call, |reply| {
            let gates = parse(&call, reply)?;
            list(&call, gates, |gate| Some(convert::pending(gate)))
        })
        .await
    }

    pub(super) async fn approvals(
        &self,
        look: &Look<'_>,
        run: RunId,
    ) -> Result<Vec<Approval>, Failure> {
        let call = self.call(
            &["actions", "runs", &run.to_string(), "approvals"],
            &[],
            &format!("the reviews of run {run}"),
        )?;
        look.must(&call, |reply| {
            let reviews = parse(&call, reply)?;
            list(&call, reviews, |review| Some(convert::approval(review)))
        })
        .await
    }

    /// The configured environments that exist.
    pub(super) async fn environments(&self, look: &Look<'_>) -> Result<Vec<Environment>, Failure> {
        let each = self.environments.iter().map(|name| async move {
            let subject = format!("the environment {name} of {}", self.repo);
            let call = self.call(&["environments", name], &[], &subject)?;
            look.get(&call, |reply| {
                Ok(convert::environment(parse(&call, reply)?))
            })
            .await
        });
        Ok(try_join_all(each).await?.into_iter().flatten().collect())
    }

    pub(super) async fn workflow(
        &self,
        look: &Look<'_>,
        key: &WorkflowKey,
    ) -> Result<Option<String>, Failure> {
        let path: Vec<&str> = ["contents"]
            .into_iter()
            .chain(key.path.split('/'))
            .collect();
        // A path that climbs is the path of no file.
        let Some(mut url) = self.find(&key.repo, &path) else {
            return Ok(None);
        };
        url.query_pairs_mut().append_pair("ref", key.sha.as_str());
        let call = Call {
            url,
            accept: Accept::Raw,
            limit: FILE_BYTES,
            subject: clean(&format!("the workflow file {} of {}", key.path, key.repo)),
        };
        look.get(&call, |reply| {
            String::from_utf8(reply.body.to_vec())
                .map_err(|_| failure::malformed(GITHUB, &call.subject))
        })
        .await
    }

    pub(super) async fn releases(&self, look: &Look<'_>) -> Result<Vec<Release>, Failure> {
        let call = self.call(
            &["releases"],
            &[("per_page", RECENT)],
            &format!("the Releases of {}", self.repo),
        )?;
        look.must(&call, |reply| {
            let releases = parse(&call, reply)?;
            list(&call, releases, |release| Some(convert::release(release)))
        })
        .await
    }

    pub(super) async fn tag_ref(
        &self,
        look: &Look<'_>,
        tag: &str,
    ) -> Result<Option<TagRef>, Failure> {
        let subject = clean(&format!("the tag {tag} of {}", self.repo));
        let path: Vec<&str> = ["git", "ref", "tags"]
            .into_iter()
            .chain(tag.split('/'))
            .collect();
        // A name that climbs is the name of no tag.
        if self.find(&self.repo, &path).is_none() {
            return Ok(None);
        }
        let full = format!("refs/tags/{tag}");
        let call = self.call(&path, &[], &subject)?;
        let found = look
            .get(&call, |reply| {
                let pointer: wire::Pointer = parse(&call, reply)?;
                let other = pointer.name.as_ref().is_some_and(|name| *name != full);
                Ok((!other).then(|| convert::pointer(&pointer)))
            })
            .await?
            .flatten();
        let Some(mut leads) = found else {
            return Ok(None);
        };
        let mut annotated = false;
        for _ in 0..TAG_DEPTH {
            leads = match leads {
                Leads::Commit(commit) => {
                    return Ok(Some(TagRef {
                        name: tag.to_owned(),
                        commit,
                        annotated,
                    }));
                }
                Leads::Tag(object) => {
                    annotated = true;
                    self.tag_object(look, &object, &subject).await?
                }
                Leads::Elsewhere => break,
            };
        }
        Err(failure::plain(
            FailureKind::Unexpected,
            format!("GitHub says that {subject} points at no commit."),
            "Look at the tag with `git cat-file -p`; a release is made from a commit.",
        ))
    }

    async fn tag_object(
        &self,
        look: &Look<'_>,
        object: &CommitSha,
        subject: &str,
    ) -> Result<Leads, Failure> {
        let call = self.call(&["git", "tags", object.as_str()], &[], subject)?;
        look.must(&call, |reply| Ok(convert::pointer(&parse(&call, reply)?)))
            .await
    }

    pub(super) async fn viewer(&self, look: &Look<'_>) -> Result<Viewer, Failure> {
        let caller = look.caller().await;
        if caller.secret.is_none() {
            return Err(refusal::no_token(&caller));
        }
        let url = self.api.url(["user"]).ok_or_else(|| {
            failure::plain(
                FailureKind::Unreachable,
                "The configured address of GitHub's interface is none that has pages.",
                "Check `github.api_url` in the configuration.",
            )
        })?;
        let call = Call {
            url,
            accept: Accept::Json,
            limit: JSON_BYTES,
            subject: "whose token it is".to_owned(),
        };
        look.must(&call, |reply| {
            let account: wire::Account = parse(&call, reply)?;
            Ok(Viewer {
                login: account
                    .login
                    .ok_or_else(|| failure::malformed(GITHUB, &call.subject))?,
                scopes: reply.scopes.as_deref().map(scopes),
            })
        })
        .await
    }
}

/// `repo, workflow` as a list; an empty header is a classic token without any scope.
fn scopes(header: &str) -> Vec<String> {
    header
        .split(',')
        .map(str::trim)
        .filter(|scope| !scope.is_empty())
        .map(str::to_owned)
        .collect()
}

pub(super) fn parse<T: DeserializeOwned>(call: &Call, reply: &Reply) -> Result<T, Failure> {
    serde_json::from_slice(&reply.body).map_err(|err| failure::json(GITHUB, &call.subject, &err))
}

/// The items that can be used. Those that cannot are left out, unless that leaves nothing of something.
pub(super) fn list<W, T>(
    call: &Call,
    sent: wire::List<W>,
    convert: impl Fn(W) -> Option<T>,
) -> Result<Vec<T>, Failure> {
    let count = sent.sent();
    let used: Vec<T> = sent.items.into_iter().filter_map(convert).collect();
    let skipped = count - used.len();
    if skipped > 0 {
        tracing::warn!(skipped, of = count, subject = %call.subject, "items could not be read");
    }
    if used.is_empty() && skipped > 0 {
        return Err(failure::malformed(GITHUB, &call.subject));
    }
    Ok(used)
}
