//! transport-viewer
