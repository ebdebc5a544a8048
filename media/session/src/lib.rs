//! media-session
