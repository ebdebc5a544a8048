//! media-share
