//! Which questions matter now, and how often each is asked: a pure function of the model.
//!
//! Budget: polling faster hardly costs GitHub's primary points, because an unchanged answer is a free 304;
//! what costs is an answer that changes. So jobs are polled at the interval, the run object, which changes
//! with every job, much slower, and what has ended not at all.

use std::time::Duration;

use super::Model;
use crate::domain::artifact::ManifestContent::{self, Index};
use crate::domain::digest::Digest;
use crate::domain::evidence::{Expected, Verdict};
use crate::domain::fact::{Ask, ImageId, WorkflowKey};
use crate::domain::ids::{Attempt, RunId};
use crate::domain::outlook::TagPart;
use crate::domain::release::{self, Stage, role};
use crate::domain::run::{Conclusion, Job, Run, Status};
use crate::domain::time::Timestamp;

/// Runs besides the watched one whose jobs are known, for choosing a run and for expected times.
const NEIGHBOURS: usize = 6;

/// How often an image that is to go out is looked at again though all of it was proved: what hangs on it can be
/// replaced without a new tag. Each look costs a handful of pulls.
const PROVED: Duration = Duration::from_secs(1800);
/// How often an image is looked at again of which not everything is proved.
const UNPROVED: Duration = Duration::from_secs(300);

/// Earlier attempts of a run that are looked at, from the newest back.
const ATTEMPTS: u32 = 10;

/// A question of interest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interest {
    /// The question.
    pub ask: Ask,
    /// How often; `None`: one good answer is enough.
    pub every: Option<Duration>,
    /// An answer from before this time is of something that has changed since.
    pub newer_than: Option<Timestamp>,
}

impl Interest {
    /// Whether an answer of this time is of what is asked about.
    pub fn is_met_by(&self, seen_at: Timestamp) -> bool {
        self.newer_than.is_none_or(|since| seen_at >= since)
    }
}

/// All questions of interest, each once, the most urgent first.
pub fn of(model: &Model) -> Vec<Interest> {
    let mut list = List {
        model,
        interests: Vec::new(),
    };
    list.watched();
    list.neighbours();
    list.publish();
    list.images();
    list.rest();
    list.needed();
    list.interests
}

struct List<'a> {
    model: &'a Model,
    interests: Vec<Interest>,
}

impl List<'_> {
    fn add(&mut self, ask: Ask, every: Option<Duration>) {
        if !self.interests.iter().any(|known| known.ask == ask) {
            self.interests.push(Interest {
                ask,
                every,
                newer_than: None,
            });
        }
    }

    /// The question just added has an answer only from this time on.
    fn newer_than(&mut self, ask: &Ask, time: Option<Timestamp>) {
        let added = self.interests.iter_mut().find(|known| known.ask == *ask);
        if let Some(interest) = added {
            interest.newer_than = time;
        }
    }

    fn once(&mut self, ask: Ask) {
        self.add(ask, None);
    }

    fn every(&mut self, ask: Ask, every: Duration) {
        self.add(ask, Some(every.mul_f64(self.stretch(&every))));
    }

    /// Slows GitHub's pace down when the budget would run out before its window ends.
    fn stretch(&self, every: &Duration) -> f64 {
        let health = self
            .model
            .snapshot
            .health
            .get(&crate::domain::fact::SourceId::Github);
        let Some(rate) = health.and_then(|health| health.rate) else {
            return 1.0;
        };
        // A tenth of the window is kept for what the user does.
        let spare = rate.remaining.saturating_sub(rate.limit / 10);
        if spare.saturating_mul(4) > rate.limit {
            1.0
        } else if spare.saturating_mul(20) > rate.limit {
            2.0
        } else if every.as_secs() >= 60 {
            10.0
        } else {
            4.0
        }
    }

    /// What the plan that is being made needs: an answer from after it was asked for.
    fn needed(&mut self) {
        let Some((needs, since)) = self.model.needed() else {
            return;
        };
        for ask in needs {
            self.once(ask.clone());
            let known = self.interests.iter_mut().find(|known| known.ask == ask);
            if let Some(interest) = known {
                interest.newer_than = interest.newer_than.max(Some(since));
            }
        }
    }

    fn interval(&self) -> Duration {
        self.model.interval
    }

    fn run(&self) -> Option<&Run> {
        self.model
            .outlook
            .run
            .and_then(|id| self.model.snapshot.run(id))
    }

    fn stage(&self) -> &Stage {
        &self.model.outlook.stage.0
    }

    fn jobs(&self, run: RunId) -> &[Job] {
        self.model
            .snapshot
            .record(run)
            .and_then(|record| record.jobs.value())
            .map_or(&[], Vec::as_slice)
    }

    /// A run that moves: its jobs at the interval, itself slower, its gates only while a job waits.
    fn follow(&mut self, run: RunId, interval: Duration) {
        let snapshot = &self.model.snapshot;
        let Some(seen) = snapshot.run(run) else {
            self.once(Ask::Run(run));
            self.once(Ask::Jobs(run));
            return;
        };
        let own = snapshot.record(run).and_then(|record| record.run.value());
        // The listing may know of a newer attempt, or of the end, before the run's own look does.
        let behind =
            own.is_none_or(|own| own.attempt < seen.attempt || own.is_over() != seen.is_over());
        let jobs = self.jobs(run);
        let unfinished = jobs.is_empty() || jobs.iter().any(|job| !job.is_over());
        let waits = jobs.iter().any(|job| job.status == Status::Waiting);
        let over = seen.is_over();
        let reviewed = snapshot
            .record(run)
            .is_some_and(|record| record.pending.seen_at().is_some());

        let listed = [&snapshot.runs, &snapshot.publish_runs]
            .into_iter()
            .filter_map(|list| list.value())
            .flatten()
            .any(|listed| listed.id == run);
        // What was seen before the end was seen is not how it ended.
        let end = snapshot
            .record(run)
            .filter(|_| over)
            .and_then(|record| record.run.changed_at());
        let known_to_the_end = snapshot
            .record(run)
            .is_some_and(|record| release::jobs_are_final(seen, record));

        match (over, unfinished || behind) {
            (false, true) => self.every(Ask::Jobs(run), interval),
            (false, false) => self.every(Ask::Jobs(run), interval * 3),
            (true, _) if !known_to_the_end => {
                self.every(Ask::Jobs(run), interval);
                self.newer_than(&Ask::Jobs(run), end);
            }
            (true, _) => self.once(Ask::Jobs(run)),
        }
        if behind || (!over && !unfinished) {
            self.every(Ask::Run(run), interval);
        } else if over && listed {
            self.once(Ask::Run(run));
        } else if over {
            // Nothing else would tell that it is run again.
            self.every(Ask::Run(run), Duration::from_secs(60));
        } else {
            self.every(Ask::Run(run), interval * 14);
        }
        if !over && waits {
            self.every(Ask::Pending(run), interval * 2);
        }
        if over {
            self.once(Ask::Approvals(run));
            self.newer_than(&Ask::Approvals(run), end);
        } else if reviewed {
            self.every(Ask::Approvals(run), interval * 10);
        }
    }

    fn watched(&mut self) {
        let Some(id) = self.model.outlook.run else {
            return;
        };
        self.follow(id, self.interval());
        let Some(run) = self.run().cloned() else {
            return;
        };
        for attempt in run.attempt.0.saturating_sub(ATTEMPTS).max(1)..run.attempt.0 {
            let ask = Ask::AttemptJobs(id, Attempt(attempt));
            // An attempt that was left while it ran has ended since.
            let record = self.model.snapshot.record(id);
            let known = record.and_then(|record| record.attempts.get(&Attempt(attempt))?.value());
            if known.is_some_and(|jobs| jobs.iter().any(|job| !job.is_over())) {
                self.every(ask, Duration::from_secs(60));
            } else {
                self.once(ask);
            }
        }
        let repo = self.model.policy.repo.clone();
        self.once(Ask::Workflow(WorkflowKey {
            repo: repo.clone(),
            path: run.path.clone(),
            sha: run.head_sha.clone(),
        }));
        for called in &run.referenced {
            if let Some(key) = WorkflowKey::of_called(called) {
                self.once(Ask::Workflow(key));
            }
        }
        if let Some(job) = self
            .model
            .snapshot
            .record(id)
            .and_then(release::manifest_job)
            .filter(|job| job.conclusion == Some(Conclusion::Success))
        {
            let (job, record) = (job.id, self.model.snapshot.record(id));
            let log = record.and_then(|record| record.logs.get(&job)?.value());
            if log.is_some_and(Option::is_none) && self.stage().is_live() {
                // GitHub can be slow to store the log of a job that has just ended.
                self.every(Ask::JobLog(job), Duration::from_secs(60));
            } else {
                self.once(Ask::JobLog(job));
            }
        }
        // Its counts stand in its log alone.
        let scans = self
            .jobs(id)
            .iter()
            .filter(|job| release::callee(&job.name) == role::SECURITY_SCAN)
            .filter(|job| job.is_over() && job.conclusion != Some(Conclusion::Skipped))
            .map(|job| job.id);
        for job in scans.collect::<Vec<_>>() {
            self.once(Ask::JobLog(job));
        }
        if let Some(version) = &self.model.outlook.version {
            let slow = if self.stage().is_live() { 60 } else { 300 };
            self.every(
                Ask::TagRef(format!("v{}", version.value)),
                Duration::from_secs(slow),
            );
        }
        if let Some(job) = self.model.focus {
            let over = self
                .jobs(id)
                .iter()
                .any(|known| known.id == job && known.is_over());
            if over {
                self.once(Ask::JobLog(job));
            }
        }
    }

    fn neighbours(&mut self) {
        let runs: Vec<Run> = self
            .model
            .snapshot
            .runs
            .value()
            .into_iter()
            .flatten()
            .filter(|run| Some(run.id) != self.model.outlook.run)
            .take(NEIGHBOURS)
            .cloned()
            .collect();
        for run in runs {
            let snapshot = &self.model.snapshot;
            let record = snapshot.record(run.id);
            let known = record.is_none_or(|record| {
                record.jobs.value().is_none() || release::jobs_are_final(&run, record)
            });
            if run.is_over() && known {
                self.once(Ask::Jobs(run.id));
                continue;
            }
            self.beside(run.id);
            if !run.is_over()
                && let Some(publish) = release::publish_run(snapshot, &run)
                && !publish.is_over()
            {
                let publish = publish.id;
                self.beside(publish);
            }
        }
    }

    /// A run beside the watched one: enough to see whether it waits for somebody.
    fn beside(&mut self, run: RunId) {
        self.every(Ask::Jobs(run), self.interval() * 10);
        let waits = |job: &Job| job.status == Status::Waiting;
        if self.jobs(run).iter().any(waits) {
            self.every(Ask::Pending(run), self.interval() * 10);
        }
    }

    fn publish(&mut self) {
        let dispatched = self.run().is_some_and(|run| {
            self.jobs(run.id).iter().any(|job| {
                release::caller(&job.name) == role::TRIGGER_PYPI && job.status != Status::Queued
            })
        });
        let every = match (self.stage().is_live(), dispatched) {
            (true, true) => self.interval() * 5,
            (true, false) => Duration::from_secs(120),
            (false, _) => Duration::from_secs(300),
        };
        self.every(Ask::PublishRuns, every);
        if let Some(publish) = self.model.outlook.publish_run {
            self.follow(publish, self.interval());
            // Where no title tells which commit it publishes, the log of its checkout does.
            let jobs = self.jobs(publish).iter();
            let first = jobs
                .filter(|job| job.is_over() && job.conclusion != Some(Conclusion::Skipped))
                .map(|job| job.id)
                .next();
            if let Some(job) = first {
                self.once(Ask::JobLog(job));
            }
        }
    }

    fn images(&mut self) {
        let live = self.stage().is_live();
        let moving = matches!(self.stage(), Stage::Promoting | Stage::Publishing)
            || self.run().is_some_and(|run| {
                self.jobs(run.id).iter().any(|job| {
                    release::caller(&job.name) == role::PRERELEASE
                        && job.status == Status::InProgress
                })
            });
        let pace = Duration::from_secs(match (live, moving) {
            (_, true) => 10,
            (true, false) => 30,
            (false, false) => 120,
        });
        for spec in &self.model.policy.images {
            let image = ImageId::of(spec);
            self.add(Ask::Tags(image.clone()), Some(pace * 2));
            let tags = self
                .model
                .outlook
                .tags
                .get(&image)
                .cloned()
                .unwrap_or_default();
            for tag in &tags {
                self.add(Ask::Tag(image.clone(), tag.tag.clone()), Some(pace));
            }
            // What waits to be promoted was joined of these: nobody may have moved them since.
            let arch_tags = self.model.outlook.arch_tags.get(&image).cloned();
            for (_, tag) in arch_tags.into_iter().flatten().filter(|_| live) {
                self.add(Ask::Tag(image.clone(), tag), Some(pace));
            }
            let record = self.model.snapshot.image(&image);
            let built = self
                .model
                .outlook
                .digests
                .get(&image)
                .map(|digest| digest.value.clone());
            let shown: Vec<_> = tags
                .iter()
                .filter(|tag| tag.part != TagPart::Arch)
                .filter_map(|tag| record?.tags.get(&tag.tag)?.value()?.clone())
                .chain(built.clone())
                .collect();
            for digest in &shown {
                self.once(Ask::Manifest(image.clone(), digest.clone()));
            }
            self.arch_tags(&image);
            // One platform's configuration tells which release a tag still is.
            for digest in &shown {
                if let Some(Index { platforms, .. }) = content(self.model, &image, digest)
                    && let Some(first) = platforms.first()
                {
                    self.once(Ask::Config(image.clone(), first.digest.clone()));
                }
            }
            if let Some(Index { platforms, .. }) = built
                .as_ref()
                .and_then(|digest| content(self.model, &image, digest))
            {
                for entry in platforms {
                    self.once(Ask::Config(image.clone(), entry.digest.clone()));
                }
            }
            self.evidence(&image, built.as_ref(), &shown);
            if spec.repository.is_docker_hub() {
                self.add(Ask::HubTags(image), Some(Duration::from_secs(300)));
            }
        }
    }

    /// What the tags of single platforms hold, where that may be an index of its own.
    fn arch_tags(&mut self, image: &ImageId) {
        if !self.stage().is_live() {
            return;
        }
        let outlook = &self.model.outlook;
        let built = outlook.digests.get(image);
        let joined: Vec<&Digest> = match built
            .and_then(|built| content(self.model, image, &built.value))
        {
            Some(Index { platforms, .. }) => platforms.iter().map(|entry| &entry.digest).collect(),
            _ => return,
        };
        let tags = outlook.arch_tags.get(image).into_iter().flatten();
        let held = tags.filter_map(|(_, tag)| {
            let key = (image.clone(), tag.clone());
            outlook.resolved.get(&key)?.clone()
        });
        for digest in held
            .filter(|digest| !joined.contains(&digest))
            .collect::<Vec<_>>()
        {
            self.once(Ask::Manifest(image.clone(), digest));
        }
    }

    /// What is proved of the built image, and of those that the other tags hold.
    fn evidence(&mut self, image: &ImageId, built: Option<&Digest>, shown: &[Digest]) {
        let record = self.model.snapshot.image(image);
        let changed = record.and_then(|record| record.evidence_tags_changed_at);
        for digest in shown {
            let is_built = built == Some(digest);
            let expected = if is_built {
                self.model.outlook.expected_evidence.clone()
            } else {
                Expected::default()
            };
            let ask = Ask::Evidence(image.clone(), digest.clone(), Box::new(expected.clone()));
            if !is_built {
                // Another release's image: it has been what it is for long.
                self.once(ask);
                continue;
            }
            // While it is being signed, half of it would be found.
            if self.is_being_signed() {
                continue;
            }
            let found = self.model.snapshot.evidence_of(image, digest, &expected);
            let holds = found
                .and_then(|found| found.value()?.as_ref())
                .is_some_and(|found| found.verdict == Verdict::Verified);
            if !self.stage().is_live() {
                self.once(ask.clone());
            } else if holds {
                self.add(ask.clone(), Some(PROVED));
            } else {
                self.add(ask.clone(), Some(UNPROVED));
            }
            self.newer_than(&ask, changed.max(self.signed_at()));
        }
    }

    fn signing(&self) -> Option<&Job> {
        let run = self.model.outlook.run?;
        let jobs = self.jobs(run).iter();
        jobs.rev()
            .find(|job| release::callee(&job.name) == role::CREATE_MANIFEST)
    }

    fn is_being_signed(&self) -> bool {
        self.signing().is_some_and(|job| !job.is_over())
    }

    fn signed_at(&self) -> Option<Timestamp> {
        // Where our clock is behind GitHub's, every look would come before the end.
        let ended = self.signing().and_then(|job| job.completed_at);
        ended.filter(|at| *at <= self.model.now)
    }

    fn rest(&mut self) {
        let live = self.stage().is_live();
        self.once(Ask::Viewer);
        self.every(Ask::Trust, Duration::from_secs(12 * 3600));
        self.every(Ask::Runs, Duration::from_secs(if live { 120 } else { 60 }));
        self.every(Ask::Environments, Duration::from_secs(600));
        let releasing = matches!(self.stage(), Stage::Publishing);
        let releases = if releasing {
            20
        } else if live {
            120
        } else {
            300
        };
        self.every(Ask::Releases, Duration::from_secs(releases));
        if self.model.policy.pypi.is_some()
            && let Some(version) = &self.model.outlook.version
        {
            let pace = match (releasing, live) {
                (true, _) => 10,
                (false, true) => 60,
                (false, false) => 300,
            };
            self.add(
                Ask::Pypi(version.value.clone()),
                Some(Duration::from_secs(pace)),
            );
        }
    }
}

/// What a manifest that was fetched holds.
fn content<'a>(model: &'a Model, image: &ImageId, digest: &Digest) -> Option<&'a ManifestContent> {
    let manifest = model.snapshot.manifest(image, digest)?;
    Some(&manifest.content)
}
