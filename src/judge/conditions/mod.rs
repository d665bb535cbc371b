//! The closed vocabulary of conditions: what must hold for each item, one module per stage.

pub mod alerting;
pub mod availability;
pub mod cost;
pub mod environment;
pub mod exposure;
pub mod fallback;
pub mod guard_notes;
pub mod logging;
pub mod price_notes;
pub mod retries;
pub mod retry_notes;
pub mod tokens;
