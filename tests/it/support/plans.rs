//! Plans and journals made by hand.

use gonogo::domain::digest::Digest;
use gonogo::domain::fact::{Failure, FailureKind};
use gonogo::domain::ids::{Attempt, EnvironmentId};
use gonogo::domain::journal::{Actor, Done, Entry, Happening, Outcome, SCHEMA};
use gonogo::domain::plan::{
    About, Action, Condition, Decision, Draft, Gate, Intent, Plan, Proof, Repeat, Step, Tagged,
    Undo,
};
use gonogo::domain::time::Timestamp;
use gonogo::engine::desk::{DeskMessage, Doing, Planning};
use gonogo::engine::{Message, update};

use super::bench::{Bench, RUN, before, image, noon};

/// What the release is.
fn about() -> About {
    About {
        repo: "acme/rocket".parse().unwrap(),
        version: Some("1.7.0".to_owned()),
        run: Some(RUN),
    }
}

fn tagged(tag: &str, version: &str) -> Tagged {
    Tagged {
        image: image(),
        tag: tag.to_owned(),
        digest: Digest::of(version.as_bytes()),
    }
}

/// Three tags go to the tested image.
pub(crate) fn promote() -> Plan {
    let is = |tag: &str, version: Option<&str>| Condition::TagIs {
        image: image(),
        tag: tag.to_owned(),
        digest: version.map(|version| Digest::of(version.as_bytes())),
    };
    let step = |tag: &str, former: Option<&str>| Step {
        action: Action::PutTag(tagged(tag, "1.7.0")),
        before: vec![is(tag, former)],
        after: vec![is(tag, Some("1.7.0"))],
        undo: Undo::By(match former {
            Some(former) => Action::PutTag(tagged(tag, former)),
            None => Action::DeleteTag {
                tagged: tagged(tag, "1.7.0"),
                together: vec![tag.to_owned()],
            },
        }),
        repeat: Repeat::OnlyIfUnchanged,
    };
    let draft = Draft {
        title: "Put the tested image under three tags; nothing is rebuilt".to_owned(),
        phrase: Some("1.7.0".to_owned()),
        notes: vec!["The prerelease tags stay; a clean-up removes them.".to_owned()],
        steps: vec![
            step("1.7.0", None),
            step("1.7", Some("1.6.9")),
            step("latest", Some("1.6.9")),
        ],
        ..Draft::default()
    };
    Plan::new(Intent::Promote { reason: None }, about(), draft, 7, noon())
}

/// One gate is let go.
pub(crate) fn approve(intent: Intent) -> Plan {
    let gates = vec![Gate {
        id: EnvironmentId(1),
        name: "release".to_owned(),
    }];
    let comment = match &intent {
        Intent::Approve {
            comment: Some(text),
            ..
        } => text.clone(),
        _ => "1.7.0 GO".to_owned(),
    };
    let draft = Draft {
        title: "Let `release` go: `publish-docker` goes on".to_owned(),
        steps: vec![Step {
            action: Action::Review {
                run: RUN,
                gates,
                jobs: vec!["publish-docker".to_owned()],
                decision: Decision::Approve,
                comment,
            },
            before: vec![Condition::RunIs {
                run: RUN,
                attempt: Attempt(1),
                state: gonogo::domain::plan::RunState::Going,
            }],
            after: Vec::new(),
            undo: Undo::Never("an approval cannot be taken back".to_owned()),
            repeat: Repeat::Never,
        }],
        ..Draft::default()
    };
    Plan::new(intent, about(), draft, 7, noon())
}

/// What an approval is wished for by the key.
pub(crate) fn approval() -> Intent {
    Intent::Approve {
        run: None,
        environments: Vec::new(),
        comment: None,
        reason: None,
    }
}

/// What is done of a promote, as far as it came.
pub(crate) fn half_done(plan: &Plan) -> Vec<Happening> {
    vec![
        Happening::Planned {
            content: Box::new(plan.clone()),
        },
        Happening::Confirmed {
            how: Proof::Typed("1.7.0".to_owned()),
        },
        Happening::StepIntent {
            step: 0,
            kept: vec![Digest::of(b"1.7.0")],
        },
        Happening::StepDone {
            step: 0,
            how: Done::Sent,
            told: None,
        },
        Happening::Verified { step: 0 },
        Happening::StepIntent {
            step: 1,
            kept: Vec::new(),
        },
    ]
}

/// The registry refuses the second tag, and the plan stops there.
pub(crate) fn stopped(plan: &Plan) -> Vec<Happening> {
    let mut all = half_done(plan);
    all.push(Happening::StepFailed {
        step: 1,
        failure: Failure {
            kind: FailureKind::Forbidden,
            what: "The registry does not let this token write `1.7`.".to_owned(),
            advice: "Give it the scope `push`.".to_owned(),
            retry_at: None,
        },
    });
    all.push(Happening::Closed {
        outcome: Outcome::Stopped,
        why: "`latest` still points to 1.6.9: the promote stopped after `1.7.0`.".to_owned(),
    });
    all
}

impl Bench {
    /// Tells the desk something, as the engine would.
    pub(crate) fn desk(&mut self, message: DeskMessage) {
        update(&mut self.model, Message::Desk(message), noon());
    }

    /// What is wanted can be read now.
    pub(crate) fn ready(
        &mut self,
        intent: Intent,
        result: Result<Plan, gonogo::domain::plan::Refusal>,
    ) {
        self.model.desk.planning = Planning::Ready {
            intent,
            result: result.map(std::sync::Arc::new),
            not_confirmed: None,
        };
    }

    /// What an earlier session wrote is read.
    pub(crate) fn recall(&mut self, plan: &Plan, all: Vec<Happening>) {
        let entries = all.into_iter().map(|what| entry(plan, before(600), what));
        self.desk(DeskMessage::Recalled(Ok(entries.collect())));
    }

    /// The plan runs, and this was written so far.
    pub(crate) fn run(&mut self, plan: &Plan, all: Vec<Happening>) {
        self.recall(plan, Vec::new());
        self.model.desk.planning = Planning::Idle;
        self.model.desk.doing = Some(Doing {
            plan: std::sync::Arc::new(plan.clone()),
            is_stopping: false,
        });
        for what in all {
            let entry = entry(plan, noon(), what);
            self.desk(DeskMessage::Written(Box::new(entry)));
        }
    }
}

fn entry(plan: &Plan, at: Timestamp, what: Happening) -> Entry {
    Entry {
        schema: SCHEMA,
        plan: plan.id.clone(),
        at,
        by: Actor {
            login: Some("nova-hale".to_owned()),
            user: "nova".to_owned(),
            host: "workbench".to_owned(),
            process: 7,
        },
        what,
    }
}
