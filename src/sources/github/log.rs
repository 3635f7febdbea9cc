//! A job's log: behind a redirect to another host, read once, line by line.

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;

use crate::domain::fact::{Failure, FailureKind};
use crate::domain::ids::JobId;
use crate::domain::log::{JobLog, LINE_BYTES, LogScan};
use crate::net::body::{Lines, Pieces};
use crate::net::{failure, redirect};

use super::Client;
use super::api::{Accept, Call, GITHUB, Look};

/// Name of the host behind the redirect, in sentences.
const STORE: &str = "GitHub's log store";
/// Largest log that is read, bytes; memory does not grow with it.
const LOG_BYTES: usize = 256 * 1024 * 1024;
/// Room for the time stamp that GitHub puts before each line.
const STAMP_BYTES: usize = 64;

impl Client {
    /// The log of a job that has ended; `None`: it has none. A skipped or cancelled job never gets one.
    pub(super) async fn job_log(
        &self,
        look: &Look<'_>,
        job: JobId,
    ) -> Result<Option<JobLog>, Failure> {
        let id = job.to_string();
        let call = Call {
            url: self.address(&["actions", "jobs", &id, "logs"])?,
            accept: Accept::Json,
            limit: LOG_BYTES,
            subject: format!("the log of job {id}"),
        };
        let (answer, http) = look.open(&call).await?;
        if is_absent(answer.status()) {
            return Ok(None);
        }
        let reading = async {
            if !redirect::is_redirect(answer.status()) {
                return scan(answer.into_body()).await.map(Some);
            }
            // The address is good for a minute and for one request: it is never asked twice.
            let file = redirect::follow(&http, &call.url, answer.headers())
                .await
                .map_err(|err| failure::redirect(STORE, &err))?;
            let status = file.status();
            if is_absent(status) {
                Ok(None)
            } else if status.is_success() {
                scan(reqwest::Body::from(file)).await.map(Some)
            } else {
                let refused = failure::status(STORE, status, file.headers(), "", look.now());
                Err(Failure {
                    // No credential of ours was shown there, so none can be at fault.
                    kind: match refused.kind {
                        FailureKind::Unauthorized | FailureKind::Forbidden => {
                            FailureKind::Unexpected
                        }
                        kind => kind,
                    },
                    advice: "The address of a log is good for a minute; it is asked for again."
                        .to_owned(),
                    ..refused
                })
            }
        };
        match tokio::time::timeout(self.api.limits().download, reading).await {
            Ok(outcome) => outcome,
            Err(_) => Err(failure::timeout(STORE)),
        }
    }
}

/// GitHub's store says `BlobNotFound` with a 404 where no log was ever written.
fn is_absent(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
}

async fn scan<B>(body: B) -> Result<JobLog, Failure>
where
    B: BodyExt<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut pieces = Pieces::new(body, LOG_BYTES);
    let mut lines = Lines::new(LINE_BYTES + STAMP_BYTES);
    let mut log = LogScan::default();
    while let Some(piece) = pieces
        .next()
        .await
        .map_err(|err| failure::unread(GITHUB, err))?
    {
        lines.push(&piece, |line| log.line(line));
    }
    lines.finish(|line| log.line(line));
    Ok(log.finish())
}
