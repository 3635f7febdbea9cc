//! Rules about the gates themselves.

use super::{Scene, list};
use crate::domain::assess::{Row, Verdict};
use crate::domain::fact::Ask;

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
    let open: Vec<&str> = named
        .iter()
        .chain(waiting)
        .map(String::as_str)
        .filter(|name| {
            !known
                .iter()
                .any(|env| env.name == **name && env.required_reviewers.is_some())
        })
        .collect();
    let row = if open.is_empty() {
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
