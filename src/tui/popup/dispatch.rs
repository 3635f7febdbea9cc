//! The workflow that is to be started by hand, typed in one line: `build.yml@main flavour=full`.

use std::collections::BTreeMap;

use crate::domain::plan::Intent;
use crate::present::clean::clean;
use crate::present::role::{Role, Sign};
use crate::tui::scene::Scene;
use crate::tui::ui::{Item, Pane, Popup};
use crate::tui::widget::Row;
use crate::tui::widget::line::{Bit, Line};

/// What was wrong, then the workflows that are known and begin as what was typed.
pub(crate) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let dispatch = scene.ui.popups.iter().rev().find_map(|popup| match popup {
        Popup::Dispatch(text, said) => Some((text, said)),
        _ => None,
    });
    let Some((text, said)) = dispatch else {
        return Vec::new();
    };
    let mut rows = vec![Row::heading(Line::of([Bit::muted(
        "workflow.yml@branch key=value key=\"two words\"; no @: the default",
    )
    .sentence()]))];
    if let Some(said) = said {
        let said = Bit::of(Role::Warn, clean(said)).sentence();
        rows.push(Row::heading(Line::of([Bit::sign(Sign::Warning), said])));
    }
    rows.push(Row::heading(Line::default()));
    let begun = text.trim_start();
    rows.extend(known(scene).into_iter().filter_map(|file| {
        let is_meant = file.starts_with(begun) || begun.starts_with(&file);
        let line = Line::of([Bit::plain(clean(&file)).name()]);
        is_meant.then(|| Row::of(Item::Part(file), line))
    }));
    rows
}

/// File names of the workflows that are known.
fn known(scene: &Scene<'_>) -> Vec<String> {
    let pipeline = &scene.model.policy.pipeline;
    let configured = [
        &pipeline.release_workflow,
        &pipeline.publish_workflow,
        &pipeline.signer_workflow,
    ];
    let mut files: Vec<String> = configured.into_iter().map(ToString::to_string).collect();
    for key in scene.model.snapshot.workflows.keys() {
        let name = key.path.rsplit('/').next().unwrap_or_default();
        files.push(name.to_owned());
    }
    files.sort();
    files.dedup();
    files
}

/// The workflow under the cursor, where what was typed is only the beginning of its name.
pub(in crate::tui) fn completed(scene: &Scene<'_>, text: &str) -> Option<String> {
    let first = text.split_whitespace().next().unwrap_or_default();
    if is_workflow(first.split('@').next().unwrap_or_default()) {
        return None;
    }
    let items: Vec<Item> = rows(scene).into_iter().filter_map(|row| row.item).collect();
    match scene.ui.selected(Pane::Dispatch, &items)? {
        Item::Part(file) => Some(format!("{file} ")),
        _ => None,
    }
}

fn is_workflow(name: &str) -> bool {
    let path = std::path::Path::new(name);
    let ends = |wanted: &str| path.extension().is_some_and(|ending| ending == wanted);
    ends("yml") || ends("yaml")
}

/// What was typed as an intent, or what is wrong with it.
pub(in crate::tui) fn intent(text: &str) -> Result<Intent, String> {
    let mut words = words(text)?.into_iter();
    let first = words
        .next()
        .ok_or_else(|| "Name the file of a workflow, as `release.yml`".to_owned())?;
    let (workflow, git_ref) = match first.split_once('@') {
        Some((workflow, git_ref)) if !git_ref.is_empty() => (workflow, Some(git_ref.to_owned())),
        Some((workflow, _)) => (workflow, None),
        None => (first.as_str(), None),
    };
    if !is_workflow(workflow) {
        return Err(format!(
            "`{workflow}` is no workflow: its file ends in .yml"
        ));
    }
    let mut inputs = BTreeMap::new();
    for word in words {
        let pair = word.split_once('=').filter(|(key, _)| !key.is_empty());
        let Some((key, value)) = pair else {
            return Err(format!("`{word}` is no input: write key=value"));
        };
        if inputs.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(format!("`{key}` is given twice"));
        }
    }
    Ok(Intent::Dispatch {
        workflow: workflow.to_owned(),
        git_ref,
        inputs,
    })
}

/// Words apart by spaces; what stands in double quotes keeps its own.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let (mut word, mut is_begun, mut is_quoted) = (String::new(), false, false);
    for c in text.chars() {
        match c {
            '"' => {
                is_quoted = !is_quoted;
                is_begun = true;
            }
            c if c.is_whitespace() && !is_quoted => {
                if is_begun {
                    found.push(std::mem::take(&mut word));
                }
                is_begun = false;
            }
            c => {
                word.push(c);
                is_begun = true;
            }
        }
    }
    if is_quoted {
        return Err("a quotation mark is not closed".to_owned());
    }
    if is_begun {
        found.push(word);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_workflow_with_its_branch_and_inputs() {
        let made = intent(r#" build.yml@release/1.7  flavour=full note="two words" empty= "#);
        let inputs = [("empty", ""), ("flavour", "full"), ("note", "two words")];
        let inputs = inputs.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let expected = Intent::Dispatch {
            workflow: "build.yml".to_owned(),
            git_ref: Some("release/1.7".to_owned()),
            inputs: BTreeMap::from(inputs),
        };
        assert_eq!(made, Ok(expected));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("", "Name the file"),
            ("build", "no workflow"),
            ("build.yml flavour", "key=value"),
            ("build.yml =x", "key=value"),
            ("build.yml a=1 a=2", "twice"),
            ("build.yml a=\"x", "quotation"),
        ] {
            let why = intent(text).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        }
    }
}
