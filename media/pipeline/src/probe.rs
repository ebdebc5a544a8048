//! Which of the elements that Fusion needs are installed, and which Debian package has the others.
//!
//! Owns: the one table of elements, their packages and what they are for.
//! Refuses: to install anything.

use std::collections::BTreeSet;
use std::env;
use std::fmt;
use std::path::PathBuf;

use gstreamer as gst;

use crate::error::PipelineError;

const CORE: &str = "libgstreamer1.0-0";
const BASE: &str = "gstreamer1.0-plugins-base";
const GOOD: &str = "gstreamer1.0-plugins-good";
const BAD: &str = "gstreamer1.0-plugins-bad";
const UGLY: &str = "gstreamer1.0-plugins-ugly";
const LIBAV: &str = "gstreamer1.0-libav";

/// Element, package, purpose.
const NEEDED: &[(&str, &str, &str)] = &[
    ("filesrc", CORE, "read files"),
    ("filesink", CORE, "write files"),
    ("capsfilter", CORE, "ask for a form of H.264"),
    ("appsrc", BASE, "hand pictures in"),
    ("appsink", BASE, "take pictures out"),
    ("videoconvert", BASE, "bring pictures into one form"),
    ("uridecodebin", BASE, "open files and addresses of any kind"),
    ("souphttpsrc", GOOD, "open http addresses"),
    ("rtspsrc", GOOD, "open cameras"),
    ("rtph264depay", GOOD, "read what cameras send"),
    ("h264parse", BAD, "cut H.264 into access units"),
    ("qtdemux", GOOD, "read MP4"),
    ("mp4mux", GOOD, "write MP4"),
    ("matroskademux", GOOD, "read Matroska and WebM"),
    ("x264enc", UGLY, "encode H.264"),
    ("avdec_h264", LIBAV, "decode H.264"),
];

/// One element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its name in GStreamer.
    pub name: &'static str,
    /// The Debian package that has it.
    pub package: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// It is installed.
    pub present: bool,
}

/// What this machine can do with media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// GStreamer's version, in its own words.
    pub version: String,
    /// All elements that are used somewhere.
    pub elements: Vec<Element>,
    /// Where the registry of plugins is kept, if the environment says so (see [`init`](crate::init)).
    pub registry: Option<PathBuf>,
}

impl Report {
    /// Nothing is missing.
    pub fn complete(&self) -> bool {
        self.elements.iter().all(|element| element.present)
    }

    /// What to install.
    pub fn missing_packages(&self) -> BTreeSet<&'static str> {
        self.elements.iter().filter(|element| !element.present).map(|element| element.package).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (all, present) = (self.elements.len(), self.elements.iter().filter(|element| element.present).count());
        write!(f, "{}: {present} of {all} elements", self.version)?;
        for element in self.elements.iter().filter(|element| !element.present) {
            write!(
                f,
                "\n  missing: {} ({}), in the Debian package {}",
                element.name, element.purpose, element.package
            )?;
        }
        Ok(())
    }
}

/// Looks for everything that is needed.
pub fn probe() -> Result<Report, PipelineError> {
    crate::init()?;
    let look = |&(name, package, purpose): &(&'static str, &'static str, &'static str)| Element {
        name,
        package,
        purpose,
        present: gst::ElementFactory::find(name).is_some(),
    };
    Ok(Report {
        version: gst::version_string().to_string(),
        elements: NEEDED.iter().map(look).collect(),
        registry: env::var_os("GST_REGISTRY").map(PathBuf::from),
    })
}

/// Makes an element, or says which package is missing.
pub(crate) fn element(name: &'static str) -> Result<gst::Element, PipelineError> {
    let package = NEEDED.iter().find(|(known, ..)| *known == name).map_or(CORE, |(_, package, _)| package);
    gst::ElementFactory::make(name).build().map_err(|_| PipelineError::Element { element: name, package })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_what_the_tests_need() {
        let report = probe().expect("GStreamer starts");
        assert!(report.complete(), "{report}");
        assert!(report.version.starts_with("GStreamer 1."), "{report}");
    }

    #[test]
    fn what_is_missing_is_named_with_its_package() {
        let mut report = probe().expect("GStreamer starts");
        for element in report.elements.iter_mut().filter(|element| element.name == "x264enc") {
            element.present = false;
        }
        assert!(!report.complete());
        assert_eq!(report.missing_packages().into_iter().collect::<Vec<_>>(), ["gstreamer1.0-plugins-ugly"]);
        assert!(report.to_string().contains("x264enc (encode H.264), in the Debian package gstreamer1.0-plugins-ugly"));
    }
}
