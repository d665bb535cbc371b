//! Stage 5: verdicts → bytes.
