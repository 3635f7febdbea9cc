//! The body of an answer, read in bounded memory.

use std::error::Error;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

/// Room that is made at once for a body of an announced length, bytes; beyond it room is made as it comes.
const ROOM_AT_FIRST: usize = 2 * 1024 * 1024;

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It ended before its announced end, or its compression is broken.
    #[error("the answer ended too early")]
    Cut,
    /// Nothing came for as long as may pass between two pieces.
    #[error("the answer stopped half-way")]
    Stalled,
    /// It is larger than allowed.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

/// Reads a whole body of at most `limit` bytes, counted after decompression.
pub async fn read<B>(body: B, limit: usize) -> Result<Bytes, BodyError>
where
    B: BodyExt<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    // What is announced is not believed beyond the first room for it.
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut whole = BytesMut::with_capacity(announced.min(limit).min(ROOM_AT_FIRST));
    let mut pieces = Pieces::new(body, limit);
    while let Some(piece) = pieces.next().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// A body piece by piece.
#[derive(Debug)]
pub struct Pieces<B> {
    body: B,
    limit: usize,
    read: usize,
}

impl<B> Pieces<B>
where
    B: BodyExt<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// The pieces of a body of at most `limit` bytes.
    pub fn new(body: B, limit: usize) -> Self {
        Self {
            body,
            limit,
            read: 0,
        }
    }

    /// The next piece; `None` at the proper end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|err| {
                if is_timeout(err.into().as_ref()) {
                    BodyError::Stalled
                } else {
                    BodyError::Cut
                }
            })?;
            let Ok(piece) = frame.into_data() else {
                continue;
            };
            self.read = self.read.saturating_add(piece.len());
            if self.read > self.limit {
                return Err(BodyError::TooLarge(self.limit));
            }
            return Ok(Some(piece));
        }
        Ok(None)
    }
}

/// Whether an error, at whatever depth, is that of a time limit.
pub(crate) fn is_timeout(err: &(dyn Error + 'static)) -> bool {
    causes(err).any(|err| {
        err.downcast_ref::<reqwest::Error>()
            .is_some_and(reqwest::Error::is_timeout)
            || err
                .downcast_ref::<std::io::Error>()
                .is_some_and(|err| err.kind() == std::io::ErrorKind::TimedOut)
    })
}

/// An error and what caused it, outermost first.
pub(crate) fn causes<'a>(
    err: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(err);
    std::iter::from_fn(move || {
        let err = next?;
        next = err.source();
        Some(err)
    })
    .take(16)
}

/// Cuts pieces into lines; of a line that is too long only the beginning is kept.
#[derive(Debug)]
pub struct Lines {
    line: Vec<u8>,
    longest: usize,
    open: bool,
}

impl Lines {
    /// Lines of which at most `longest` bytes are kept.
    pub fn new(longest: usize) -> Self {
        Self {
            line: Vec::new(),
            longest,
            open: false,
        }
    }

    /// Takes the next piece and hands on the lines that it completes, without their line ends.
    pub fn push(&mut self, piece: &[u8], mut each: impl FnMut(&str)) {
        for (at, part) in piece.split(|byte| *byte == b'\n').enumerate() {
            if at > 0 {
                each(&String::from_utf8_lossy(&self.line));
                self.line.clear();
                self.open = false;
            }
            let room = self.longest.saturating_sub(self.line.len());
            self.line.extend(part.iter().take(room));
            self.open |= !part.is_empty();
        }
    }

    /// Hands on the last line, if it had no line end.
    pub fn finish(self, mut each: impl FnMut(&str)) {
        if self.open {
            each(&String::from_utf8_lossy(&self.line));
        }
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test fails at the line that surprises"
)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]], longest: usize) -> Vec<String> {
        let mut out = Vec::new();
        let mut lines = Lines::new(longest);
        for piece in pieces {
            lines.push(piece, |line| out.push(line.to_owned()));
        }
        lines.finish(|line| out.push(line.to_owned()));
        out
    }

    #[test]
    fn lines_do_not_depend_on_how_the_body_was_cut() {
        let whole = b"one\ntw\xc3\xb6\n\nlast";
        let expected = ["one", "twö", "", "last"];
        for at in 0..whole.len() {
            let (a, b) = whole.split_at(at);
            assert_eq!(lines(&[a, b], 100), expected, "cut at {at}");
        }
        assert_eq!(lines(&[b"a\n"], 9), ["a"]);
        assert_eq!(lines(&[b""], 9), [""; 0]);
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let piece = [b'x'; 1000];
        assert_eq!(
            lines(&[&piece, &piece, b"\nshort"], 10),
            ["xxxxxxxxxx", "short"]
        );
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit_and_not_beyond() {
        let body = || http_body_util::Full::new(Bytes::from_static(b"12345"));
        assert_eq!(read(body(), 5).await.unwrap(), "12345");
        assert_eq!(read(body(), 4).await, Err(BodyError::TooLarge(4)));
    }
}
