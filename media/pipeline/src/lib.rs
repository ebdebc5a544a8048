//! media-pipeline
