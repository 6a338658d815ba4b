//! What holds of every run of every journey.
