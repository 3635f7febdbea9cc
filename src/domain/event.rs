//! What happened between two snapshots, as a person would tell it.

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::fact::{ImageId, SourceId};
use super::ids::{Attempt, JobId, RunId};
use super::outlook::{Outlook, Ran};
use super::release::Stage;
use super::run::Conclusion;

/// Something that happened to the watched release or to a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Another run is watched now.
    Watching {
        /// The run.
        run: RunId,
        /// Its attempt.
        attempt: Attempt,
    },
    /// The release reached another stage.
    Stage {
        /// The stage.
        stage: Stage,
    },
    /// A job began to run.
    JobStarted {
        /// The job.
        job: JobId,
        /// Its name.
        name: String,
    },
    /// A job ended.
    JobEnded {
        /// The job.
        job: JobId,
        /// Its name.
        name: String,
        /// How.
        conclusion: Conclusion,
        /// Seconds it ran, where it did.
        seconds: Option<u64>,
    },
    /// A gate began to wait.
    GateWaits {
        /// The environment.
        environment: String,
        /// Whether the viewer may let it go.
        for_you: bool,
    },
    /// A gate was let go or refused.
    GateLeft {
        /// The environment.
        environment: String,
    },
    /// The digest that the run built became known.
    DigestKnown {
        /// The image.
        image: ImageId,
        /// The index's digest.
        digest: Digest,
    },
    /// A tag points somewhere else now.
    TagMoved {
        /// The image.
        image: ImageId,
        /// The tag.
        tag: String,
        /// The digest it resolves to; `None`: it is gone.
        digest: Option<Digest>,
    },
    /// The package index holds the version now.
    OnPypi {
        /// The version.
        version: String,
        /// How many files.
        files: usize,
    },
    /// The Release was published.
    ReleaseMade {
        /// Its tag.
        tag: String,
    },
    /// A source fails.
    SourceFails {
        /// The source.
        source: SourceId,
        /// The sentence to show.
        what: String,
    },
    /// A source answers again.
    SourceRecovered {
        /// The source.
        source: SourceId,
    },
}

impl Event {
    /// Whether a person should be called: a gate waits, the run has failed, or the release is out.
    pub fn calls_a_person(&self) -> bool {
        match self {
            Self::GateWaits { for_you, .. } => *for_you,
            Self::Stage { stage } => matches!(
                stage,
                Stage::Released | Stage::Failed | Stage::HalfPublished | Stage::Rejected
            ),
            _ => false,
        }
    }
}

/// What happened between two outlooks of the same policy.
pub fn between(before: &Outlook, after: &Outlook) -> Vec<Event> {
    let mut events = Vec::new();
    let Some(run) = after.run else { return events };
    if before.run != after.run || before.attempt != after.attempt {
        events.push(Event::Watching {
            run,
            attempt: after.attempt,
        });
        return events;
    }
    jobs(before, after, &mut events);
    gates(before, after, &mut events);
    for (image, digest) in &after.digests {
        if before.digests.get(image).map(|known| &known.value) != Some(&digest.value) {
            events.push(Event::DigestKnown {
                image: image.clone(),
                digest: digest.value.clone(),
            });
        }
    }
    for (key, digest) in &after.resolved {
        if before
            .resolved
            .get(key)
            .is_some_and(|known| known != digest)
        {
            events.push(Event::TagMoved {
                image: key.0.clone(),
                tag: key.1.clone(),
                digest: digest.clone(),
            });
        }
    }
    if after.pypi_files > 0
        && before.pypi_files == 0
        && let Some(version) = &after.version
    {
        events.push(Event::OnPypi {
            version: version.value.clone(),
            files: after.pypi_files,
        });
    }
    if after.release_tag.is_some()
        && before.release_tag.is_none()
        && let Some(tag) = &after.release_tag
    {
        events.push(Event::ReleaseMade { tag: tag.clone() });
    }
    // Which gates it waits at is told gate by gate.
    let waits = |outlook: &Outlook| matches!(outlook.stage.0, Stage::Waiting { .. });
    if before.stage != after.stage && !(waits(before) && waits(after)) {
        events.push(Event::Stage {
            stage: after.stage.0.clone(),
        });
    }
    events
}

fn jobs(before: &Outlook, after: &Outlook, events: &mut Vec<Event>) {
    for (id, job) in &after.jobs {
        let was = before.jobs.get(id);
        if job.running && !was.is_some_and(|was| was.running) {
            events.push(Event::JobStarted {
                job: *id,
                name: job.name.clone(),
            });
        }
        if let Some(conclusion) = &job.conclusion
            && job.ran == Ran::Now
            && was.is_none_or(|was| was.conclusion.is_none())
        {
            events.push(Event::JobEnded {
                job: *id,
                name: job.name.clone(),
                conclusion: conclusion.clone(),
                seconds: job.seconds,
            });
        }
    }
}

fn gates(before: &Outlook, after: &Outlook, events: &mut Vec<Event>) {
    for ((run, environment), for_you) in &after.gates {
        if !before.gates.contains_key(&(*run, environment.clone())) {
            events.push(Event::GateWaits {
                environment: environment.clone(),
                for_you: *for_you,
            });
        }
    }
    for (run, environment) in before.gates.keys() {
        if !after.gates.contains_key(&(*run, environment.clone())) {
            events.push(Event::GateLeft {
                environment: environment.clone(),
            });
        }
    }
}
