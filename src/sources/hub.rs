//! x
use super::Answer;
use crate::domain::fact::Ask;
use crate::domain::time::Timestamp;
/// Client.
#[derive(Debug)]
pub struct Client;
impl Client {
    /// Looks.
    pub async fn look(&self, _ask: &Ask, _now: Timestamp) -> Answer {
        std::future::pending().await
    }
}
