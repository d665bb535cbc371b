//! Notes about retries: stacked ones, those of calls with a side effect, and those of errors that no retry can mend.

use super::super::case::Case;
use super::super::retrying::Construct;
use super::super::verdict::Finding;

/// What is worth saying about retry constructs without unticking anything.
pub fn notes(case: &Case<'_, '_>, constructs: &[Construct]) -> Vec<Finding> {
    let _ = (case, constructs);
    Vec::new()
}
