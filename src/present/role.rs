//! What a colour means, and the symbol and the word that go with it.

use crate::domain::assess::Verdict;

/// The meaning of a colour; a theme gives the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Role {
    /// Ordinary text: no colour.
    #[default]
    Plain,
    /// Done, verified.
    Good,
    /// A person must act.
    Bad,
    /// Advisory, stale, unknown.
    Warn,
    /// Running now.
    Active,
    /// A gate.
    Wait,
    /// Skipped, not yet, decoration.
    Muted,
    /// Border and title of the pane with the keys.
    Focus,
    /// The row under the cursor.
    Select,
    /// A key to press.
    Key,
}

/// A symbol with its word and its role: colour is never the only sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sign {
    /// It is done, it holds.
    Done,
    /// It failed, it does not hold.
    Failed,
    /// It runs now.
    Running,
    /// It waits for a runner or for its needs.
    Queued,
    /// It waits for a person.
    Waits,
    /// Its condition was false.
    Skipped,
    /// Somebody cancelled it.
    Cancelled,
    /// A person should know, but it blocks nothing.
    Warning,
    /// It cannot be told.
    Unknown,
    /// It is not there.
    Absent,
}

impl Sign {
    /// Every sign.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Failed,
        Self::Running,
        Self::Queued,
        Self::Waits,
        Self::Skipped,
        Self::Cancelled,
        Self::Warning,
        Self::Unknown,
        Self::Absent,
    ];

    /// Its symbol, one column wide.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Done => "✓",
            Self::Failed => "✗",
            Self::Running => "●",
            Self::Queued => "○",
            Self::Waits => "◆",
            Self::Skipped => "⊘",
            Self::Cancelled => "⊗",
            Self::Warning => "!",
            Self::Unknown => "?",
            Self::Absent => "–",
        }
    }

    /// Its twin where only ASCII can be shown.
    pub fn ascii(self) -> &'static str {
        match self {
            Self::Done => "+",
            Self::Failed => "x",
            Self::Running => "*",
            Self::Queued => ".",
            Self::Waits => "#",
            Self::Skipped => "s",
            Self::Cancelled => "c",
            Self::Warning => "!",
            Self::Unknown => "?",
            Self::Absent => "-",
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Running => "running",
            Self::Queued => "queued",
            Self::Waits => "waits",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Absent => "none",
        }
    }

    /// The role that colours it.
    pub fn role(self) -> Role {
        match self {
            Self::Done => Role::Good,
            Self::Failed | Self::Cancelled => Role::Bad,
            Self::Running => Role::Active,
            Self::Waits => Role::Wait,
            Self::Queued | Self::Skipped | Self::Absent => Role::Muted,
            Self::Warning | Self::Unknown => Role::Warn,
        }
    }

    /// The sign of a verdict.
    pub fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Go => Self::Done,
            Verdict::NoGo => Self::Failed,
            Verdict::Warn => Self::Warning,
            Verdict::Unknown => Self::Unknown,
            Verdict::NotApplicable => Self::Absent,
        }
    }
}
