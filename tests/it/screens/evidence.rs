//! The trust grid and the evidence, in every state that they can be in.

use gonogo::domain::evidence::{Fault, ItemVerdict, Layout, Problem, Verification};

use crate::support::bench::{Bench, Phase};
use crate::support::proofs::{by_a_stranger, good, without_sbom};
use crate::support::screen::Cockpit;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 50)];

/// The image pane, then the evidence at a row of its tree.
fn frames(name: &str, bench: &Bench, keys: &str) {
    for (width, height) in SIZES {
        let mut cockpit = Cockpit::open(bench, width, height);
        cockpit.press(bench, "3");
        let picture = cockpit.picture(bench);
        insta::assert_snapshot!(format!("grid_{name}_{width}x{height}"), picture);
        cockpit.press(bench, "1 v");
        cockpit.press(bench, keys);
        let picture = cockpit.picture(bench);
        insta::assert_snapshot!(format!("detail_{name}_{width}x{height}"), picture);
    }
}

fn found(found: Verification) -> Bench {
    Bench::with_evidence(found)
}

#[test]
fn when_all_is_good() {
    frames(
        "good",
        &found(good("1.7.0", &[Layout::Legacy])),
        "j j enter",
    );
}

#[test]
fn when_a_platform_has_no_sbom() {
    frames("no_sbom", &found(without_sbom()), "");
}

#[test]
fn when_another_workflow_signed() {
    frames("stranger", &found(by_a_stranger()), "j enter");
}

#[test]
fn when_both_layouts_hold() {
    let both = good("1.7.0", &[Layout::Legacy, Layout::Bundle]);
    frames("both", &found(both), "j j j j j j j j enter G");
}

#[test]
fn what_does_not_hold_beside_what_does_is_a_warning() {
    let mut mixed = good("1.7.0", &[Layout::Legacy, Layout::Bundle]);
    let item = &mut mixed.sboms[1].report.items[1];
    item.verdict = ItemVerdict::Invalid;
    item.problems = vec![Problem::broken(Fault::LogMissing, "")];
    let bench = found(mixed);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let text = cockpit.text(&bench);
    assert!(text.contains("✓         ✓          ! 2/2"), "{text}");
    cockpit.press(&bench, "v");
    let text = cockpit.text(&bench);
    assert!(text.contains("! SBOM linux/arm64"), "{text}");
    assert!(text.contains("✓ SBOM linux/amd64"), "{text}");
}

#[test]
fn while_nothing_was_looked_at() {
    frames("loading", &Bench::at(Phase::Waiting), "");
}

#[test]
fn when_the_registry_does_not_answer() {
    let mut bench = Bench::at(Phase::Waiting);
    bench.fail_evidence();
    frames("failed", &bench, "");
}

#[test]
fn the_image_view_tells_of_each_platforms_sbom() {
    let bench = found(without_sbom());
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    cockpit.press(&bench, "3 enter");
    let text = cockpit.text(&bench);
    let is_of = |line: &str, arch: &str| line.contains(arch) && line.contains("sha256:");
    let row = |arch: &str| text.lines().find(|line| is_of(line, arch)).unwrap();
    assert!(row("linux/amd64").contains("✓ SBOM"), "{text}");
    assert!(row("linux/arm64").contains("✗ SBOM"), "{text}");
}

#[test]
fn plain_ascii_has_a_twin_for_every_mark() {
    let bench = found(by_a_stranger());
    for keys in ["v j", "v j j", "v j j j"] {
        let mut cockpit = Cockpit::open(&bench, 120, 50);
        cockpit.press(&bench, keys);
        let before = cockpit.draw(&bench);
        cockpit.ascii = true;
        let ascii = cockpit.draw(&bench);
        for (cell, was) in ascii.content.iter().zip(&before.content) {
            assert!(cell.symbol().is_ascii(), "{:?}", cell.symbol());
            assert!(
                cell.symbol() != "?" || was.symbol() == "?",
                "{:?}",
                was.symbol()
            );
        }
    }
}

#[test]
fn a_narrow_grid_leaves_out_what_matters_least() {
    let bench = found(without_sbom());
    for (width, gone) in [(80, "provenance"), (64, "amd64")] {
        let mut cockpit = Cockpit::open(&bench, width, 24);
        cockpit.press(&bench, "3");
        let text = cockpit.text(&bench);
        assert!(!text.contains(gone), "{width}: {text}");
        assert!(
            text.contains("SBOM") && text.contains("✗ 1/2"),
            "{width}: {text}"
        );
    }
}
