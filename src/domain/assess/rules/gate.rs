//! Rules about the gates themselves.

use super::{Scene, list};
use crate::domain::assess::{Row, Verdict};
use crate::domain::fact::Ask;
use crate::domain::graph::Graph;
use crate::domain::release::role;

/// Every environment of the pipeline asks for a reviewer (incident 9).
pub(super) fn protected(scene: &Scene<'_>) -> Vec<Row> {
    let say = |verdict, title: String, sentence: String| {
        Row::new("gate-protected", verdict, title, sentence)
    };
    let Some(known) = scene.snapshot.environments.value() else {
        return vec![say(
            Verdict::Unknown,
            "gate protection".to_owned(),
            "The environments are not known yet.".to_owned(),
        )];
    };
    // What waits now may be an environment that nobody configured: it was made with its first use, open to all.
    let named = &scene.policy.pipeline.environments;
    let waiting = scene
        .next
        .environments
        .iter()
        .filter(|name| !named.contains(name));
    // What a job will reach is written in its file, whatever the configuration calls the gates.
    let nodes = scene.outlook.graph.as_deref().map(Graph::nodes);
    let written = nodes.iter().flatten().filter_map(|node| {
        let name = node.environment.as_ref()?;
        let is_let_go = lets_something_go(node.id.as_str());
        (is_let_go && !name.contains("${{") && !named.contains(name)).then_some(name)
    });
    let gates: Vec<&str> = named
        .iter()
        .chain(waiting)
        .chain(written)
        .map(String::as_str)
        .collect();
    let mut open: Vec<&str> = gates
        .iter()
        .copied()
        .filter(|name| {
            !known
                .iter()
                .any(|env| env.name.eq_ignore_ascii_case(name) && env.required_reviewers.is_some())
        })
        .collect();
    open.dedup();
    let is_seen = !scene.next.is_waiting() || !scene.next.environments.is_empty();
    let row = if open.is_empty() && !is_seen {
        say(
            Verdict::Unknown,
            "gate not looked up".to_owned(),
            "A job waits, and which gate holds it could not be looked up yet.".to_owned(),
        )
    } else if gates.is_empty() {
        say(
            Verdict::Unknown,
            "no gate is named".to_owned(),
            "The configuration names no gate, so nothing tells who lets the release go.".to_owned(),
        )
        .remedy("Name the gates in the configuration: `pipeline.environments`.")
    } else if open.is_empty() {
        say(
            Verdict::Go,
            "gate is protected".to_owned(),
            "Every gate asks for a reviewer.".to_owned(),
        )
    } else {
        say(
            Verdict::NoGo,
            format!("{} is not protected", list(&open)),
            format!(
                "{} has no required reviewers: it lets everything through.",
                list(&open)
            ),
        )
        .remedy("Add required reviewers in the repository's settings, Environments.")
    };
    vec![row.rests_on([Ask::Environments])]
}

/// Whether a job of the release workflow, by its place in the graph, does what a gate must hold.
fn lets_something_go(place: &str) -> bool {
    let outermost = place.split(" / ").next().unwrap_or(place).trim();
    [
        role::PUBLISH_DOCKER,
        role::TRIGGER_PYPI,
        role::CREATE_RELEASE,
    ]
    .contains(&outermost)
}
