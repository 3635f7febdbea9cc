//! The cockpit's memory, by script: keys in, selection and effects out.

mod doors;
mod evidence;
mod plans;

use std::time::Duration;

use proptest::prelude::*;
use ratatui::layout::{Position, Size};
use unicode_width::UnicodeWidthStr as _;

use gonogo::domain::event::Event;
use gonogo::domain::fact::{Ask, Fact, FailureKind};
use gonogo::domain::ids::{JobId, RunId};
use gonogo::domain::log::JobLog;
use gonogo::domain::release::Stage;
use gonogo::domain::time::after;
use gonogo::engine::Message;
use gonogo::tui::action::{ACTIONS, Availability};
use gonogo::tui::items;
use gonogo::tui::ui::{Item, Pane, Popup, View};
use gonogo::tui::update::{Input, UiEffect};

use crate::support::bench::{Bench, Phase, RUN, image, noon};
use crate::support::screen::{Cockpit, text};

pub(crate) fn chosen(cockpit: &Cockpit, bench: &Bench, pane: Pane) -> Option<Item> {
    let items = items::of(&bench.model, &cockpit.ui, pane, noon());
    cockpit.ui.selected(pane, &items).cloned()
}

fn node(cockpit: &Cockpit) -> String {
    items::node(&cockpit.ui).unwrap().to_string()
}

#[test]
fn the_cursor_starts_where_a_person_must_look() {
    for (phase, expected) in [
        (Phase::Waiting, "publish-docker"),
        (Phase::Failed, "ci-gate"),
        (Phase::Building, "release-gate"),
    ] {
        let bench = Bench::at(phase);
        let cockpit = Cockpit::open(&bench, 120, 36);
        assert_eq!(node(&cockpit), expected, "{phase:?}");
    }
}

#[test]
fn arrows_follow_the_lines_of_the_graph() {
    let bench = Bench::at(Phase::Waiting);
    let mut cockpit = Cockpit::open(&bench, 200, 50);
    let mut went = Vec::new();
    for key in ["h", "h", "h", "j", "j", "k", "h", "right", "l", "l"] {
        cockpit.press(&bench, key);
        went.push(node(&cockpit));
    }
    assert_eq!(
        went,
        [
            "prerelease-docker",
            "build",
            "release-gate",
            "ci-gate",
            "vulture-gate",
            "ci-gate",
            "version-check",
            "release-gate",
            "build",
            "prerelease-docker"
        ]
    );
}

#[test]
fn a_selection_survives_refresh_resize_and_faults() {
    let mut bench = Bench::at(Phase::Waiting);
    let mut cockpit = Cockpit::open(&bench, 200, 50);
    cockpit.press(&bench, "h h h j 3 j j");
    let tag = chosen(&cockpit, &bench, Pane::Image);
    let job = node(&cockpit);
    assert_eq!(tag, Some(Item::Tag(image(), "1.7".to_owned())));
    assert_eq!(job, "ci-gate");

    for (width, height) in [(80, 24), (60, 16), (20, 5), (300, 90), (120, 36)] {
        cockpit.send(&bench, Input::Resize(Size { width, height }));
        assert_eq!(
            chosen(&cockpit, &bench, Pane::Image),
            tag,
            "{width}x{height}"
        );
        assert_eq!(node(&cockpit), job, "{width}x{height}");
    }
    let kinds = [
        FailureKind::Timeout,
        FailureKind::Unreachable,
        FailureKind::Unauthorized,
        FailureKind::RateLimited,
        FailureKind::Server,
        FailureKind::Malformed,
        FailureKind::CutBody,
    ];
    for n in 0..100 {
        let at = after(noon(), Duration::from_secs(n + 1));
        bench.fail_all(kinds[usize::try_from(n).unwrap() % kinds.len()], at);
        cockpit.now = at;
        cockpit.send(&bench, Input::Model);
        assert_eq!(chosen(&cockpit, &bench, Pane::Image), tag, "failure {n}");
        assert_eq!(node(&cockpit), job, "failure {n}");
    }
    assert!(cockpit.text(&bench).contains("STALE"));
}

#[test]
fn a_row_that_goes_and_comes_back_is_still_selected() {
    let bench = Bench::at(Phase::Waiting);
    let mut without = bench.clone();
    let run = bench.model.snapshot.run(RUN).unwrap().clone();
    without.see(Ask::Runs, Fact::Runs(vec![run]));
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    cockpit.press(&bench, "w G");
    let older = Some(Item::Run(Some(RunId(470_000))));
    assert_eq!(chosen(&cockpit, &bench, Pane::Runs), older);
    cockpit.send(&without, Input::Model);
    assert_eq!(
        chosen(&cockpit, &without, Pane::Runs),
        Some(Item::Run(Some(RUN)))
    );
    cockpit.send(&bench, Input::Model);
    assert_eq!(chosen(&cockpit, &bench, Pane::Runs), older);
}

#[test]
fn empty_lists_take_every_key() {
    let bench = Bench::at(Phase::Loading);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    for pane in 1..=5 {
        cockpit.press(&bench, &pane.to_string());
        cockpit.press(
            &bench,
            "j k h l g G ctrl-d ctrl-u enter esc space y o n N L",
        );
    }
    assert!(cockpit.text(&bench).contains("acme/rocket"));
}

#[test]
fn every_actions_key_does_it_or_says_why_not() {
    for phase in [
        Phase::Loading,
        Phase::Building,
        Phase::Waiting,
        Phase::Released,
    ] {
        let bench = Bench::at(phase);
        for action in ACTIONS {
            let mut cockpit = Cockpit::open(&bench, 120, 36);
            let available = (action.when)(&bench.model, &cockpit.ui);
            let keys = cockpit.ui.keymap.keys(action).to_vec();
            for key in keys {
                let mut cockpit = Cockpit::open(&bench, 120, 36);
                cockpit.send(&bench, Input::Key(key));
                if let Availability::Why(why) = &available {
                    let note = cockpit.ui.note.as_ref().unwrap();
                    assert_eq!(&note.text, why, "{} {phase:?}", action.name);
                    assert!(why.split_whitespace().count() > 4, "a sentence: {why}");
                }
            }
            // The footer is derived from the same row.
            if action.is_hinted(&bench.model, &cockpit.ui) {
                cockpit.ui.size = Size {
                    width: 300,
                    height: 50,
                };
                assert!(
                    cockpit.text(&bench).contains(action.hint),
                    "{}",
                    action.name
                );
            }
        }
    }
}

#[test]
fn going_in_and_out_ends_where_it_began() {
    let bench = Bench::at(Phase::Waiting);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    cockpit.press(&bench, "h enter");
    assert!(
        cockpit.text(&bench).contains("create-manifest"),
        "the group is open"
    );
    cockpit.press(&bench, "j l enter");
    assert_eq!(cockpit.ui.inside, Some(JobId(1009)));
    let text = cockpit.text(&bench);
    assert!(
        text.contains("› log") && text.contains("step 60 of the log"),
        "{text}"
    );
    assert!(
        text.contains("CANNOT TELL"),
        "the verdict never leaves: {text}"
    );
    cockpit.press(&bench, "? esc esc");
    assert_eq!(cockpit.ui.inside, None);
    cockpit.press(&bench, "] ] esc");
    assert_eq!(cockpit.ui.view, View::Release);
    cockpit.press(&bench, "4 enter");
    assert!(cockpit.ui.zoomed);
    cockpit.press(&bench, "esc");
    assert!(!cockpit.ui.zoomed);
}

#[test]
fn a_log_is_searched_from_its_end_and_followed_again() {
    let bench = Bench::at(Phase::Waiting);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    cockpit.press(&bench, "h enter j l L / s t e p space 1 space enter");
    let text = cockpit.text(&bench);
    assert!(text.contains("step 1 of"), "{text}");
    assert!(!text.contains("step 60 of"), "{text}");
    cockpit.press(&bench, "G");
    assert!(cockpit.text(&bench).contains("step 60 of"));
    assert_eq!(cockpit.ui.log.top, None, "the end is followed");
}

#[test]
fn what_is_copied_is_the_whole_value() {
    let bench = Bench::at(Phase::Waiting);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let effects = cockpit.press(&bench, "3 y");
    let UiEffect::Copy(text) = &effects[0] else {
        panic!("{effects:?}");
    };
    assert!(text.starts_with("sha256:") && text.len() == 71, "{text}");
}

#[test]
fn only_pages_of_the_configured_host_are_opened() {
    let mut bench = Bench::at(Phase::Waiting);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let effects = cockpit.press(&bench, "4 o");
    assert_eq!(
        effects,
        [UiEffect::Open(
            "https://github.com/acme/rocket/actions/runs/482000".to_owned()
        )]
    );
    let good = bench.model.snapshot.run(RUN).unwrap().clone();
    for bad in [
        "http://github.com/acme/rocket",
        "https://github.com.evil.example/acme",
        "https://evil@github.com:444/acme",
        "https://user:word@github.com/acme",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "",
    ] {
        let mut run = good.clone();
        bad.clone_into(&mut run.html_url);
        run.updated_at = noon();
        bench.see(Ask::Run(RUN), Fact::Run(run));
        let effects = cockpit.press(&bench, "4 o");
        assert!(effects.is_empty(), "{bad}: {effects:?}");
        let note = cockpit.ui.note.as_ref().unwrap();
        assert!(
            note.text.contains("configured host"),
            "{bad}: {}",
            note.text
        );
    }
}

#[test]
fn a_run_is_chosen_by_key_and_the_choice_is_sent() {
    let bench = Bench::at(Phase::Waiting);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let effects = cockpit.press(&bench, "w j enter");
    assert_eq!(
        effects,
        [UiEffect::Send(Message::Watch(Some(RunId(470_000))))]
    );
    assert!(cockpit.ui.popups.is_empty());
    let effects = cockpit.press(&bench, "w g enter");
    assert_eq!(effects, [UiEffect::Send(Message::Watch(None))]);
}

#[test]
fn a_command_is_found_by_a_few_letters_and_done() {
    let bench = Bench::at(Phase::Waiting);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let effects = cockpit.press(&bench, ": r e f r enter");
    assert_eq!(effects, [UiEffect::Send(Message::Refresh)]);
    cockpit.press(&bench, ": q z z");
    assert!(cockpit.text(&bench).contains("No command is called `qzz`"));
    cockpit.press(&bench, "esc");
    assert!(cockpit.ui.popups.is_empty());
}

#[test]
fn the_log_that_is_looked_at_is_asked_for() {
    let bench = Bench::at(Phase::Building);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    assert!(cockpit.press(&bench, "h").is_empty(), "no log is on screen");
    let effects = cockpit.press(&bench, "L");
    assert_eq!(effects, [UiEffect::Look(Some(JobId(1000)))]);
}

#[test]
fn a_person_is_called_when_a_gate_waits_for_them() {
    let bench = Bench::at(Phase::Waiting);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let gate = |for_you| Event::GateWaits {
        environment: "rel\u{1b}]52;c;x\u{7}ease".to_owned(),
        for_you,
    };
    let effects = cockpit.send(&bench, Input::Event(gate(true)));
    assert_eq!(
        effects,
        [UiEffect::Call(
            "v1.7.0: gate release waits for you".to_owned()
        )]
    );
    assert!(cockpit.send(&bench, Input::Event(gate(false))).is_empty());
    assert!(cockpit.ui.note.is_some());
    cockpit.send(&bench, Input::Read);
    assert!(cockpit.ui.note.is_none());
}

#[test]
fn nobody_is_called_for_what_ended_before_the_cockpit_opened() {
    let bench = Bench::at(Phase::Released);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let stage = |stage| Input::Event(Event::Stage { stage });
    assert!(cockpit.send(&bench, stage(Stage::Released)).is_empty());
    assert!(cockpit.send(&bench, stage(Stage::Publishing)).is_empty());
    let effects = cockpit.send(&bench, stage(Stage::Released));
    assert_eq!(effects, [UiEffect::Call("v1.7.0: released".to_owned())]);
}

#[test]
fn the_mouse_selects_and_goes_in() {
    let bench = Bench::at(Phase::Waiting);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let wanted = Item::Tag(image(), "latest".to_owned());
    let at = cockpit
        .ui
        .seen
        .spots
        .iter()
        .find_map(|(area, target)| {
            let item = gonogo::tui::ui::Target::Item(Pane::Image, wanted.clone());
            (*target == item).then(|| area.as_position())
        })
        .unwrap();
    cockpit.send(&bench, Input::Click(at));
    assert_eq!(cockpit.ui.pane, Pane::Image);
    assert_eq!(chosen(&cockpit, &bench, Pane::Image), Some(wanted));
    cockpit.send(&bench, Input::Click(at));
    assert_eq!(cockpit.ui.view, View::Image);
    cockpit.press(&bench, "?");
    assert_eq!(cockpit.ui.popups, [Popup::Help]);
    cockpit.send(&bench, Input::Click(Position::new(0, 0)));
    assert!(cockpit.ui.popups.is_empty(), "a click outside closes it");
}

pub(crate) const HOSTILE: &str =
    "evil\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}txt.exe\u{200b}\r\n\u{7}日本";

fn hostile() -> Bench {
    let mut bench = Bench::at(Phase::Waiting);
    let record = bench.model.snapshot.record(RUN).unwrap();
    let mut jobs = record.jobs.value().unwrap().clone();
    for (n, job) in jobs.iter_mut().enumerate() {
        job.name = format!("{HOSTILE} {n}");
        job.runner = Some(HOSTILE.to_owned());
        for step in &mut job.steps {
            HOSTILE.clone_into(&mut step.name);
        }
    }
    bench.see(Ask::Jobs(RUN), Fact::Jobs(jobs));
    let mut run = bench.model.snapshot.run(RUN).unwrap().clone();
    HOSTILE.clone_into(&mut run.title);
    bench.see(Ask::Run(RUN), Fact::Run(run));
    let log = JobLog {
        lines: 3,
        tail: vec![HOSTILE.to_owned(); 3],
        ..JobLog::default()
    };
    bench.see(Ask::JobLog(JobId(1000)), Fact::JobLog(Some(log)));
    bench
}

/// No cell holds anything that a terminal would obey, and no row is wider than the screen.
pub(crate) fn assert_harmless(buffer: &ratatui::buffer::Buffer) {
    for cell in &buffer.content {
        for c in cell.symbol().chars() {
            assert!(!c.is_control(), "{:?}", cell.symbol());
            assert!(!"\u{202e}\u{200b}\u{9b}".contains(c), "{:?}", cell.symbol());
        }
    }
    for row in text(buffer).lines() {
        assert!(row.width() <= usize::from(buffer.area.width), "{row}");
    }
}

#[test]
fn names_with_escape_sequences_never_reach_a_cell() {
    let bench = hostile();
    for (width, height) in [(80, 24), (120, 36), (200, 50)] {
        for keys in ["1", "3", "] j", "] ]", "w", "S", "L", "?"] {
            let mut cockpit = Cockpit::open(&bench, width, height);
            cockpit.press(&bench, keys);
            let buffer = cockpit.draw(&bench);
            assert_harmless(&buffer);
        }
    }
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let text = cockpit.text(&bench);
    assert!(text.contains("evil"), "the name itself is shown: {text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_script_of_keys_panics_or_draws_outside(
        script in proptest::collection::vec(0..60_u16, 0..50),
        phases in proptest::collection::vec(0..7_usize, 1..4),
        sizes in proptest::collection::vec((0..220_u16, 0..70_u16), 1..4),
    ) {
        let benches: Vec<Bench> = phases
            .iter()
            .map(|phase| match phase {
                0 => Bench::at(Phase::Loading),
                1 => Bench::at(Phase::Building),
                2 => Bench::at(Phase::Waiting),
                3 => Bench::at(Phase::Released),
                4 => Bench::at(Phase::Failed),
                5 => evidence::hostile(),
                _ => hostile(),
            })
            .collect();
        let mut cockpit = Cockpit::open(&benches[0], sizes[0].0, sizes[0].1);
        for (n, press) in (0_u16..).zip(script) {
            let turn = usize::from(n);
            let bench = &benches[turn / 20 % benches.len()];
            if turn % 17 == 16 {
                let (width, height) = sizes[turn / 17 % sizes.len()];
                cockpit.send(bench, Input::Resize(Size { width, height }));
                cockpit.send(bench, Input::Model);
            }
            let input = match ACTIONS.get(usize::from(press)) {
                Some(action) => Input::Key(cockpit.ui.keymap.keys(action)[0]),
                None if press % 3 == 0 => Input::Click(Position::new(n * 7, press)),
                None if press % 3 == 1 => Input::Wheel(Position::new(press, n), true),
                None => Input::Key("x".parse().unwrap()),
            };
            cockpit.send(bench, input);
            assert_harmless(&cockpit.draw(bench));
        }
    }
}
