//! The job graph: parsed from workflow files, matched to a run's jobs.
