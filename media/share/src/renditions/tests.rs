//! Renditions on a stage: a shell that does what the module says, workers that take as long as they are told, and a
//! witness who sees every effect and every picture.

mod properties;
mod rules;
mod sharing;
mod stage;
