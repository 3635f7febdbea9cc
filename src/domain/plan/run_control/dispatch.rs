//! Starting a workflow by hand.

use std::collections::BTreeMap;

use crate::domain::fact::Ask;
use crate::domain::plan::words::list;
use crate::domain::plan::{
    About, Action, Condition, Draft, Ground, Intent, Plan, Refusal, RefusalKind, Repeat, Step,
    Undo, allowed,
};
use crate::domain::repository::WorkflowEntry;

/// Most inputs that GitHub takes.
const MOST_INPUTS: usize = 25;

pub(super) fn needs(workflow: &str, ground: &Ground<'_>) -> Vec<Ask> {
    let mut asks = vec![Ask::Viewer, Ask::Repository, Ask::Workflows];
    let known = entry(workflow, ground).map(|entry| entry.file().to_owned());
    // Until the workflows are known, a name that is a file's is taken for one.
    let file = workflow.rsplit('/').next().unwrap_or(workflow);
    let is_file = [".yml", ".yaml"].iter().any(|end| file.ends_with(end));
    let file = known.or_else(|| is_file.then(|| file.to_owned()));
    asks.extend(file.map(Ask::Started));
    asks
}

/// The workflow of this file, path or display name.
fn entry<'g>(workflow: &str, ground: &Ground<'g>) -> Option<&'g WorkflowEntry> {
    let all = ground.snapshot.workflow_list.value()?;
    let by = |is: &dyn Fn(&WorkflowEntry) -> bool| all.iter().find(|entry| is(entry));
    by(&|entry| entry.path == workflow)
        .or_else(|| by(&|entry| entry.file() == workflow))
        .or_else(|| by(&|entry| entry.name == workflow))
}

pub(super) fn plan(
    intent: &Intent,
    workflow: &str,
    git_ref: Option<&str>,
    inputs: &BTreeMap<String, String>,
    ground: &Ground<'_>,
) -> Result<Plan, Refusal> {
    let viewer = allowed::viewer(ground)?;
    allowed::scope(viewer, "start a workflow")?;
    ground.known(&[Ask::Workflows])?;
    allowed::push(viewer, ground)?;
    let Some(entry) = entry(workflow, ground) else {
        return Err(unknown(workflow, ground));
    };
    if let Some(why) = entry.state.obstacle() {
        return Err(Refusal::new(
            RefusalKind::Precondition,
            format!("`{}` cannot be started: {why}.", entry.file()),
            "Switch it on, on the workflow's page.",
        ));
    }
    check_inputs(inputs)?;
    let file = entry.file().to_owned();
    ground.known(&[Ask::Started(file.clone())])?;
    let named = git_ref.map(str::trim).filter(|name| !name.is_empty());
    let git_ref = named.map_or_else(|| default_branch(ground), |name| Ok(name.to_owned()))?;
    let known = ground
        .snapshot
        .started
        .get(&file)
        .and_then(|list| list.value());
    let known = known.into_iter().flatten().map(|run| run.id).collect();
    let with = match inputs.len() {
        0 => String::new(),
        _ => format!(" with {}", list(inputs.keys().map(String::as_str))),
    };
    let step = Step {
        action: Action::Dispatch {
            workflow: file.clone(),
            git_ref: git_ref.clone(),
            inputs: inputs.clone(),
        },
        before: vec![Condition::CanDispatch {
            workflow: file.clone(),
        }],
        after: vec![Condition::RunStarted {
            workflow: file.clone(),
            by: viewer.login.clone(),
            known,
        }],
        undo: Undo::Never(
            "a run that was started stays in the list; cancel it to stop it".to_owned(),
        ),
        repeat: Repeat::Never,
    };
    let draft = Draft {
        title: format!("Start `{file}` on `{git_ref}`{with}"),
        notes: notes(&file, ground),
        steps: vec![step],
        rests_on: needs(workflow, ground),
        ..Draft::default()
    };
    // It is about no release: what it starts is a run of its own.
    let about = About {
        repo: ground.policy.repo.clone(),
        version: None,
        run: None,
    };
    Ok(ground.plan_about(intent, about, draft))
}

fn default_branch(ground: &Ground<'_>) -> Result<String, Refusal> {
    ground.known(&[Ask::Repository])?;
    let repository = ground.snapshot.repository.value();
    repository
        .map(|repository| repository.default_branch.clone())
        .ok_or_else(|| {
            Refusal::new(
                RefusalKind::CannotTell,
                "The default branch is not known yet.",
                "Name a branch or a tag.",
            )
        })
}

fn check_inputs(inputs: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if inputs.len() > MOST_INPUTS {
        return Err(Refusal::new(
            RefusalKind::Precondition,
            format!(
                "{} inputs are given, and GitHub takes {MOST_INPUTS}.",
                inputs.len()
            ),
            "Leave some out.",
        ));
    }
    if inputs.keys().any(|key| key.trim().is_empty()) {
        return Err(Refusal::new(
            RefusalKind::Precondition,
            "An input has no name.",
            "Write it as `-f KEY=VALUE`.",
        ));
    }
    Ok(())
}

fn unknown(workflow: &str, ground: &Ground<'_>) -> Refusal {
    let all = ground.snapshot.workflow_list.value().into_iter().flatten();
    let mut names: Vec<&str> = all.map(WorkflowEntry::file).collect();
    names.sort_unstable();
    Refusal::new(
        RefusalKind::Precondition,
        format!(
            "{} has no workflow {}.",
            ground.policy.repo,
            list([workflow])
        ),
        format!("It has {}.", list(names)),
    )
}

fn notes(file: &str, ground: &Ground<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if file == ground.policy.pipeline.release_workflow.as_str() {
        let live = ground
            .outlook
            .runs
            .iter()
            .filter(|(_, stage)| stage.is_live());
        let numbers: Vec<String> = live
            .filter_map(|(run, _)| ground.snapshot.run(*run))
            .map(|run| format!("#{}", run.number))
            .collect();
        if !numbers.is_empty() {
            notes.push(format!(
                "A release goes on already (run {}): this starts another.",
                numbers.join(", ")
            ));
        }
    }
    notes
}
