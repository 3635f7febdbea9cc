//! Plays a scenario through the simulator and the engine: advances the world from change to change, and after each
//! waits for a completed poll of every source, never for a time.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::domain::fact::ImageId;
use crate::domain::outlook::TagPart;
use crate::domain::release::Stage;
use crate::domain::run::{Conclusion, Status};
use crate::engine::Model;
use crate::engine::runtime::Engine;
use crate::present::phrases;
use crate::sim::Sim;

/// The longest that one round of looks may take, in the machine's own time; a bug in the engine, not a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Changes after which a scenario counts as endless.
const MOST_CHANGES: usize = 20_000;

/// Why a rehearsal could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    /// The engine did not come to rest.
    #[error("the engine did not come to rest in the phase `{phase}`; still open: {open}")]
    Restless {
        /// The phase.
        phase: String,
        /// What was open.
        open: String,
    },
    /// The scenario has no end.
    #[error("the scenario did not end after {MOST_CHANGES} changes")]
    Endless,
    /// The simulator itself is broken.
    #[error("the simulator is in trouble: {0}")]
    Trouble(String),
}

/// What the engine saw of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Played {
    schema_version: u32,
    scenario: String,
    /// The phases, each with what the engine said of it.
    phases: Vec<Phase>,
    /// The state that the engine saw at the end.
    saw: EndState,
    /// The state that the scenario expects.
    expected: EndState,
    as_expected: bool,
}

/// A phase of the world, and the stage that the engine derived in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// The scenario's name for it.
    pub name: String,
    /// The stages that the engine derived while it lasted, in order.
    pub stages: Vec<Stage>,
    /// The board's decisive sentence.
    pub board: Option<String>,
}

/// The end of a release, in the words of a scenario's expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct EndState {
    run: String,
    waiting: Vec<String>,
    failed: Vec<String>,
    tags: Vec<String>,
    promoted: Vec<String>,
    pypi_files: usize,
    released: bool,
}

impl Played {
    /// Whether the engine saw the end that the scenario expects.
    pub fn as_expected(&self) -> bool {
        self.as_expected
    }

    /// The phases and the end, for a person.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for phase in &self.phases {
            let stages: Vec<String> = phase.stages.iter().map(phrases::stage).collect();
            let _ = writeln!(out, "{:<12} {}", phase.name, stages.join(", then "));
            if let Some(board) = &phase.board {
                let _ = writeln!(out, "{:<12} {board}", "");
            }
        }
        if self.as_expected {
            let _ = writeln!(
                out,
                "{} ended as expected: {}",
                self.scenario,
                self.saw.line()
            );
        } else {
            let _ = writeln!(out, "{} did NOT end as expected", self.scenario);
            let _ = writeln!(out, "  saw      {}", self.saw.line());
            let _ = writeln!(out, "  expected {}", self.expected.line());
        }
        out
    }
}

impl EndState {
    fn line(&self) -> String {
        let list = |names: &[String]| {
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            }
        };
        format!(
            "run {}; waiting {}; failed {}; tags {}; promoted {}; {} files on the index; Release {}",
            self.run,
            list(&self.waiting),
            list(&self.failed),
            list(&self.tags),
            list(&self.promoted),
            self.pypi_files,
            if self.released {
                "published"
            } else {
                "not made"
            },
        )
    }

    fn expected(sim: &Sim) -> Self {
        let expect = sim.expected();
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        Self {
            run: expect.run,
            waiting: sorted(expect.waiting),
            failed: sorted(expect.failed),
            tags: sorted(expect.tags),
            promoted: sorted(expect.promoted),
            pypi_files: expect.pypi_files,
            released: expect.released,
        }
    }

    /// The end as the engine's model has it: nothing here asks the simulator.
    fn seen(model: &Model) -> Self {
        let outlook = &model.outlook;
        let run = outlook.run.and_then(|id| model.snapshot.run(id));
        let jobs = outlook
            .run
            .and_then(|run| model.snapshot.record(run)?.jobs.value())
            .map_or(&[][..], Vec::as_slice);
        let names = |test: &dyn Fn(&crate::domain::run::Job) -> bool| {
            let mut names: Vec<String> = jobs
                .iter()
                .filter(|job| test(job))
                .map(|job| job.name.clone())
                .collect();
            names.sort();
            names
        };
        let image = model.policy.images.first().map(ImageId::of);
        let record = image.as_ref().and_then(|image| model.snapshot.image(image));
        let mut tags: Vec<String> = record
            .and_then(|record| record.tag_list.value())
            .into_iter()
            .flatten()
            .filter(|tag| !tag.starts_with("sha256-"))
            .cloned()
            .collect();
        tags.sort();
        let built = image.as_ref().and_then(|image| outlook.digests.get(image));
        let mut promoted: Vec<String> = outlook
            .tags
            .iter()
            .flat_map(|(image, tags)| tags.iter().map(move |tag| (image, tag)))
            .filter(|(_, tag)| tag.part == TagPart::Release)
            .filter(|(image, tag)| {
                let key = ((*image).clone(), tag.tag.clone());
                let now = outlook.resolved.get(&key).cloned().flatten();
                now.is_some() && now.as_ref() == built.map(|built| &built.value)
            })
            .map(|(_, tag)| tag.tag.clone())
            .collect();
        promoted.sort();
        Self {
            run: run.map_or_else(
                || "unknown".to_owned(),
                |run| {
                    let status = word(&run.status);
                    run.conclusion
                        .as_ref()
                        .map_or(status.clone(), |end| format!("{status}/{}", word(end)))
                },
            ),
            waiting: names(&|job| job.status == Status::Waiting),
            failed: names(&|job| job.conclusion.as_ref().is_some_and(Conclusion::is_failure)),
            tags,
            promoted,
            pypi_files: outlook.pypi_files,
            released: outlook.release_tag.is_some(),
        }
    }
}

/// GitHub's own word for a status or conclusion.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "unknown".to_owned(),
    }
}

/// Plays the scenario to its end. `tell` hears of each phase as it begins.
pub async fn play(
    sim: &Sim,
    engine: &mut Engine,
    mut tell: impl FnMut(&str),
) -> Result<Played, RehearseError> {
    let mut phases: Vec<Phase> = Vec::new();
    let mut changes = 0;
    let model = loop {
        let name = sim.phase();
        let model = poll(engine, &name).await?;
        if phases.last().is_none_or(|last| last.name != name) {
            tell(&name);
            phases.push(Phase {
                name,
                stages: Vec::new(),
                board: None,
            });
        }
        if let Some(phase) = phases.last_mut() {
            if phase.stages.last() != Some(&model.outlook.stage.0) {
                phase.stages.push(model.outlook.stage.0.clone());
            }
            phase.board = model.board.decisive().map(|row| row.sentence.clone());
        }
        if let [trouble, ..] = sim.troubles().as_slice() {
            return Err(RehearseError::Trouble(trouble.clone()));
        }
        changes += 1;
        if changes > MOST_CHANGES {
            return Err(RehearseError::Endless);
        }
        if sim.advance_to_next().is_none() {
            break model;
        }
    };
    let (scenario, ..) = sim.scenario();
    let (saw, expected) = (EndState::seen(&model), EndState::expected(sim));
    Ok(Played {
        schema_version: 1,
        scenario,
        phases,
        as_expected: saw == expected,
        saw,
        expected,
    })
}

/// One completed look at everything of interest.
async fn poll(engine: &mut Engine, phase: &str) -> Result<std::sync::Arc<Model>, RehearseError> {
    let waited = tokio::time::timeout(PATIENCE, engine.refreshed()).await;
    match waited {
        Ok(Some(model)) => Ok(model),
        Ok(None) => Err(RehearseError::Restless {
            phase: phase.to_owned(),
            open: "the engine ended".to_owned(),
        }),
        Err(_) => {
            let model = engine.model.borrow();
            let open: Vec<String> = model
                .in_flight
                .keys()
                .map(|ask| format!("{ask:?}"))
                .collect();
            Err(RehearseError::Restless {
                phase: phase.to_owned(),
                open: open.join(", "),
            })
        }
    }
}
