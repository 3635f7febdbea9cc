//! What a snapshot forgets, so that neither it nor its copy on disk grows for ever.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Snapshot;
use crate::domain::fact::{Ask, SourceId};
use crate::domain::ids::RunId;
use crate::domain::observed::Observed;
use crate::domain::time::Timestamp;

/// Runs whose records are kept; of those that are not listed the one goes first that was not looked at for longest.
const MOST_RECORDS: usize = 40;
/// Logs kept of one run.
const MOST_LOGS: usize = 24;
/// Workflow files kept: those of some ten runs.
const MOST_WORKFLOWS: usize = 150;
/// Tags, manifests and configurations kept of one image.
const MOST_OF_AN_IMAGE: usize = 400;
/// Judged images kept of one image repository: each may list thousands of packages.
const MOST_EVIDENCE: usize = 12;
/// Workflows of which the runs that were started by hand are kept.
const MOST_STARTED: usize = 20;
/// Versions kept of the package index, and Git tags.
const MOST_VERSIONS: usize = 100;

impl Snapshot {
    /// Forgets that questions failed which nobody asks any more; gives the sources of which nothing fails now.
    ///
    /// A pause that a service asked for stays.
    pub fn forget_failures(&mut self, is_asked: impl Fn(&Ask) -> bool) -> Vec<SourceId> {
        let mut mended = Vec::new();
        for (source, health) in &mut self.health {
            if health.failing.keys().all(|key| is_asked(&key.0)) {
                continue;
            }
            let health = Arc::make_mut(health);
            health.failing.retain(|key, _| is_asked(&key.0));
            if health.failing.is_empty() {
                mended.push(source.clone());
            }
        }
        mended
    }

    /// Drops what was not looked at for longest, where the question added one too many of its kind.
    ///
    /// What is dropped and still of interest is asked again.
    pub(super) fn stay_small(&mut self, ask: &Ask) {
        match ask {
            Ask::Workflow(_) => bound(&mut self.workflows, MOST_WORKFLOWS, |file| file.looked_at()),
            Ask::TagRef(_) => bound(&mut self.tag_refs, MOST_VERSIONS, |tag| tag.looked_at()),
            Ask::Started(_) => bound(&mut self.started, MOST_STARTED, |list| list.looked_at()),
            Ask::Pypi(_) => bound(&mut self.pypi, MOST_VERSIONS, |held| held.looked_at()),
            Ask::JobLog(job) => {
                if let Some(run) = self.run_of(*job) {
                    let logs = &mut self.record_mut(run).logs;
                    bound(logs, MOST_LOGS, Observed::looked_at);
                }
            }
            Ask::Tag(image, _) => {
                let tags = &mut self.image_mut(image).tags;
                bound(tags, MOST_OF_AN_IMAGE, Observed::looked_at);
            }
            Ask::Manifest(image, _) => {
                let manifests = &mut self.image_mut(image).manifests;
                bound(manifests, MOST_OF_AN_IMAGE, Observed::looked_at);
            }
            Ask::Config(image, _) => {
                let configs = &mut self.image_mut(image).configs;
                bound(configs, MOST_OF_AN_IMAGE, Observed::looked_at);
            }
            Ask::Evidence(image, ..) => {
                let evidence = &mut self.image_mut(image).evidence;
                bound(evidence, MOST_EVIDENCE, Observed::looked_at);
            }
            _ => {}
        }
    }

    /// Drops records beyond the bound, listed runs last.
    pub(super) fn forget_old_records(&mut self) {
        while self.records.len() > MOST_RECORDS {
            let listed = |id: &RunId| {
                let lists = [&self.runs, &self.publish_runs];
                let mut runs = lists.into_iter().filter_map(|list| list.value()).flatten();
                runs.any(|run| run.id == *id)
            };
            let oldest = self
                .records
                .iter()
                .min_by_key(|(id, record)| (listed(id), record.looked_at()))
                .map(|(id, _)| *id);
            let Some(oldest) = oldest else { return };
            self.records.remove(&oldest);
        }
    }
}

/// Drops what was looked at longest ago, until no more than `most` are left.
fn bound<K: Ord + Clone, V>(
    map: &mut BTreeMap<K, V>,
    most: usize,
    looked_at: impl Fn(&V) -> Option<Timestamp>,
) {
    while map.len() > most {
        let oldest = map.iter().min_by_key(|(_, value)| looked_at(value));
        let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
            return;
        };
        map.remove(&oldest);
    }
}
