//! What is written down outlives every crash and is never half believed.

use std::io::Write as _;

use gonogo::domain::digest::Digest;
use gonogo::domain::journal::{Actor, Done, Entry, Happening, Ledger, Outcome, SCHEMA, State};
use gonogo::domain::plan::{
    About, Action, CancelHow, Condition, Draft, Intent, Plan, Proof, Repeat, RunState, Step, Undo,
    confirm, confirm_again,
};
use gonogo::domain::time::Timestamp;
use gonogo::door::store::{Kept, Store, StoreError};
use proptest::prelude::*;

use gonogo::domain::ids::{Attempt, RunId};

fn now() -> Timestamp {
    "2026-11-25T02:00:00Z".parse().unwrap()
}

fn actor() -> Actor {
    Actor {
        login: Some("mona".to_owned()),
        user: "mona".to_owned(),
        host: "cockpit".to_owned(),
        process: 7,
    }
}

fn step(run: u64) -> Step {
    let run = RunId(run);
    let state = |state| Condition::RunIs {
        run,
        attempt: Attempt(1),
        state,
    };
    Step {
        action: Action::Cancel {
            run,
            attempt: Attempt(1),
            how: CancelHow::Politely,
        },
        before: vec![state(RunState::Going)],
        after: vec![state(RunState::Over)],
        undo: Undo::Never("it ended".to_owned()),
        repeat: Repeat::OnlyIfUnchanged,
    }
}

fn plan(title: &str, phrase: Option<&str>) -> Plan {
    let about = About {
        repo: "acme/rocket".parse().unwrap(),
        version: Some("1.6.9".to_owned()),
        run: Some(RunId(1)),
    };
    let intent = Intent::Cancel {
        run: None,
        force: false,
    };
    let draft = Draft {
        title: title.to_owned(),
        phrase: phrase.map(str::to_owned),
        steps: vec![step(1), step(2)],
        ..Draft::default()
    };
    Plan::new(intent, about, draft, 3, now())
}

fn entry(plan: &Plan, what: Happening) -> Entry {
    Entry {
        schema: SCHEMA,
        plan: plan.id.clone(),
        at: now(),
        by: actor(),
        what,
    }
}

fn planned(plan: &Plan) -> Entry {
    let content = Box::new(plan.clone());
    entry(plan, Happening::Planned { content })
}

#[test]
fn what_is_written_is_read_again_and_a_torn_line_never_counts() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    assert_eq!(store.entries().unwrap(), []);
    let plan = plan("one", None);
    let entries = [
        planned(&plan),
        entry(&plan, Happening::Confirmed { how: Proof::Key }),
        entry(
            &plan,
            Happening::StepIntent {
                step: 0,
                kept: vec![Digest::of(b"old")],
            },
        ),
    ];
    for entry in &entries {
        store.append(entry).unwrap();
    }
    assert_eq!(store.entries().unwrap(), entries);

    // A crash in the middle of a line: at every byte of it.
    let file = home.path().join("journal/journal.jsonl");
    let whole = std::fs::read(&file).unwrap();
    let last = whole[..whole.len() - 1]
        .iter()
        .rposition(|b| *b == b'\n')
        .unwrap()
        + 1;
    for cut in last..whole.len() {
        std::fs::write(&file, &whole[..cut]).unwrap();
        assert_eq!(store.entries().unwrap(), entries[..2], "cut at {cut}");
        store.append(&entries[1]).unwrap();
        let read = store.entries().unwrap();
        assert_eq!(read.last(), Some(&entries[1]), "cut at {cut}");
        assert!(
            read.len() == 3 || (cut == whole.len() - 1 && read.len() == 4),
            "cut at {cut}"
        );
    }
}

#[test]
fn a_journal_that_cannot_be_read_is_said_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    store.append(&planned(&plan("one", None))).unwrap();
    let file = home.path().join("journal/journal.jsonl");
    let good = std::fs::read(&file).unwrap();

    let add = |line: &str| {
        std::fs::write(&file, &good).unwrap();
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&file)
            .unwrap();
        writeln!(file, "{line}").unwrap();
    };
    add(r#"{"schema": 1, "plan": "nonsense"}"#);
    let error = store.entries().unwrap_err();
    assert!(matches!(error, StoreError::Line { line: 2, .. }), "{error}");
    add(r#"{"schema": 2, "plan": "0123abcd0123", "what": "flown"}"#);
    let error = store.entries().unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { found: 2, .. }),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn nobody_else_on_the_machine_reads_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    store.append(&planned(&plan("one", None))).unwrap();
    let mode = |path: &str| {
        let path = home.path().join(path);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(
        (mode("journal"), mode("journal/journal.jsonl")),
        (0o700, 0o600)
    );
}

#[test]
fn kept_bytes_are_those_of_their_digest_or_an_error() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    let kept = Kept {
        media_type: "application/vnd.oci.image.index.v1+json".to_owned(),
        bytes: bytes::Bytes::from_static(b"{\n \"a\": 1\n}\n"),
    };
    let digest = Digest::of(&kept.bytes);
    assert_eq!(store.kept(&digest).unwrap(), None);
    store.keep(&digest, &kept).unwrap();
    store.keep(&digest, &kept).unwrap();
    assert_eq!(store.kept(&digest).unwrap(), Some(kept.clone()));

    let file = home.path().join("journal/manifests").join(digest.hex());
    let mut spoiled = std::fs::read(&file).unwrap();
    *spoiled.last_mut().unwrap() ^= 1;
    std::fs::write(&file, spoiled).unwrap();
    assert!(matches!(
        store.kept(&digest),
        Err(StoreError::Spoiled { .. })
    ));
    // What is kept anew takes the place of what was spoiled.
    store.keep(&digest, &kept).unwrap();
    assert_eq!(store.kept(&digest).unwrap(), Some(kept));
}

#[test]
fn one_plan_at_a_time_for_one_release_and_its_owner_is_named() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(home.path());
    let plan = plan("one", None);
    let held = store.lock(&plan.about, &actor()).unwrap();
    let error = store.lock(&plan.about, &actor()).unwrap_err().to_string();
    assert!(
        error.contains("mona on cockpit") && error.contains("process 7"),
        "{error}"
    );
    let mut other = plan.about.clone();
    other.version = Some("1.6.91".to_owned());
    store.lock(&other, &actor()).unwrap();
    drop(held);
    store.lock(&plan.about, &actor()).unwrap();
}

#[test]
fn what_happened_says_where_a_plan_stands_and_what_it_changed() {
    let plan = plan("one", None);
    let mut ledger = Ledger::default();
    let mut at = |what| {
        ledger.take(&entry(&plan, what));
        let record = ledger.find(&plan.id).unwrap();
        let changed: Vec<usize> = record.changed().map(|(at, _)| at).collect();
        (record.state(), changed)
    };
    let content = Box::new(plan.clone());
    assert_eq!(at(Happening::Planned { content }), (State::Planned, vec![]));
    let how = Proof::Key;
    assert_eq!(
        at(Happening::Confirmed { how }),
        (State::Unfinished, vec![])
    );
    let kept = Vec::new();
    assert_eq!(
        at(Happening::StepIntent {
            step: 0,
            kept: kept.clone()
        }),
        (State::Unfinished, vec![0]),
        "it may have been sent"
    );
    let (how, told) = (Done::Sent, None);
    at(Happening::StepDone { step: 0, how, told });
    at(Happening::Verified { step: 0 });
    at(Happening::StepIntent { step: 1, kept });
    let failure = gonogo::domain::fact::Failure {
        kind: gonogo::domain::fact::FailureKind::Forbidden,
        what: "no".to_owned(),
        advice: "ask".to_owned(),
        retry_at: None,
    };
    let (step, why) = (1, "no".to_owned());
    assert_eq!(
        at(Happening::StepFailed { step, failure }),
        (State::Unfinished, vec![0])
    );
    let outcome = Outcome::Stopped;
    assert_eq!(
        at(Happening::Closed { outcome, why }),
        (State::Stopped, vec![0])
    );
    let with = plan.id.clone();
    assert_eq!(
        at(Happening::Undone { step: 0, with }),
        (State::Stopped, vec![])
    );
}

#[test]
fn a_plan_is_confirmed_by_its_version_in_time_and_unchanged() {
    let plan = plan("one", Some("1.6.9"));
    let yes = |word: &str| Proof::Command(Some(word.to_owned()));
    assert!(confirm(plan.clone(), yes("1.6.9"), now()).is_ok());
    assert!(confirm(plan.clone(), yes("v1.6.9"), now()).is_ok());
    for proof in [
        Proof::Key,
        Proof::Command(None),
        yes("1.6.91"),
        yes(""),
        yes("1.6.9 x"),
    ] {
        assert!(
            confirm(plan.clone(), proof.clone(), now()).is_err(),
            "{proof:?}"
        );
        assert!(
            confirm_again(plan.clone(), proof.clone(), now()).is_err(),
            "{proof:?}"
        );
    }
    let late = "2026-11-25T03:00:00Z".parse().unwrap();
    assert!(confirm(plan.clone(), yes("1.6.9"), late).is_err());
    assert!(
        confirm_again(plan.clone(), yes("1.6.9"), late).is_ok(),
        "each step is checked anew"
    );
    let mut other = plan;
    other.steps.pop();
    assert!(confirm(other.clone(), yes("1.6.9"), now()).is_err());
    assert!(confirm_again(other, yes("1.6.9"), now()).is_err());
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("journal")).unwrap();
        std::fs::write(home.path().join("journal/journal.jsonl"), bytes).unwrap();
        let _ = Store::new(home.path()).ledger();
    }
}
