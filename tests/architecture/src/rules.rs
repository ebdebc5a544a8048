//! The tables: which of our crates may depend on which, which outside crates stay behind which of ours, what pure means.
//!
//! A change here is a change of the architecture: the code map in ARCHITECTURE.md changes with it.

/// Which of our crates one of our crates may name.
pub struct Arrows {
    /// The crate.
    pub of: &'static str,
    /// What it may depend on, to build and to run.
    pub may: &'static [&'static str],
    /// What its tests may name besides.
    pub tests_may: &'static [&'static str],
}

const fn arrows(of: &'static str, may: &'static [&'static str]) -> Arrows {
    Arrows { of, may, tests_may: &[] }
}

/// One row per crate, lower layers first. A crate that is not here fails the test, and so does a row without a crate.
pub const ARROWS: &[Arrows] = &[
    // vocabulary, pure
    arrows("actors-protocol", &[]),
    arrows("transport-wire", &["actors-protocol"]),
    arrows("transport-rfb", &["actors-protocol"]),
    // decisions, pure
    arrows("actors-cores", &["actors-protocol"]),
    arrows("media-share", &["actors-protocol"]),
    // runtimes
    arrows("transport-link", &["actors-protocol", "transport-wire"]),
    arrows("actors-kernel", &["actors-protocol", "transport-wire", "transport-link"]),
    arrows("actors-store", &["actors-protocol", "actors-cores"]),
    arrows("actors-dca", &["actors-protocol", "actors-cores", "actors-kernel"]),
    arrows("media-pipeline", &["actors-protocol", "media-share"]),
    // shells, one owner each
    arrows(
        "actors-control",
        &[
            "actors-protocol",
            "actors-cores",
            "actors-kernel",
            "actors-store",
            "actors-dca",
            "transport-link",
            "transport-wire",
        ],
    ),
    arrows(
        "media-session",
        &[
            "actors-protocol",
            "actors-cores",
            "actors-kernel",
            "media-share",
            "transport-link",
            "transport-rfb",
            "transport-wire",
        ],
    ),
    arrows("transport-viewer", &["actors-protocol", "transport-wire", "transport-link"]),
    // compose and run
    arrows(
        "nodes-services",
        &["actors-protocol", "actors-kernel", "actors-dca", "media-share", "media-session", "media-pipeline"],
    ),
    arrows("nodes-console", &["actors-protocol", "actors-cores", "actors-kernel", "actors-control"]),
    arrows(
        "nodes-fusion",
        &[
            "nodes-console",
            "actors-protocol",
            "actors-kernel",
            "actors-store",
            "actors-dca",
            "actors-control",
            "media-share",
            "media-pipeline",
            "media-session",
            "transport-link",
            "transport-wire",
            "transport-viewer",
            "nodes-services",
        ],
    ),
    // tests
    arrows(
        "tests-harness",
        &[
            "actors-protocol",
            "actors-cores",
            "actors-kernel",
            "actors-store",
            "actors-dca",
            "actors-control",
            "media-share",
            "media-session",
            "transport-link",
            "transport-wire",
            "transport-viewer",
            "nodes-services",
        ],
    ),
    arrows("tests-architecture", &["actors-protocol"]),
    arrows("tests-e2e", &["actors-protocol", "transport-viewer"]),
    arrows(
        "tests-bench",
        &[
            "actors-protocol",
            "actors-cores",
            "actors-kernel",
            "actors-store",
            "actors-dca",
            "actors-control",
            "media-share",
            "media-session",
            "transport-link",
            "transport-wire",
            "transport-viewer",
            "nodes-services",
        ],
    ),
];

/// An outside crate that only some of ours may name.
pub struct Fence {
    /// Its name; a `*` at the end stands for anything.
    pub outside: &'static str,
    /// Who may depend on it.
    pub by: &'static [&'static str],
    /// Whose tests may, besides.
    pub tests_by: &'static [&'static str],
    /// Why there is a fence.
    pub why: &'static str,
}

const fn fence(outside: &'static str, by: &'static [&'static str], why: &'static str) -> Fence {
    Fence { outside, by, tests_by: &[], why }
}

/// The fences. `.deny.toml` says the same of those that cargo-deny can express, and a test compares the two.
pub const FENCES: &[Fence] = &[
    fence("actix", &["actors-kernel", "tests-harness"], "passive maintenance: it stays behind the kernel"),
    fence("actix-*", &["nodes-console"], "HTTP is the console's alone"),
    fence("argon2", &["actors-store"], "the others see the Hasher port, and that it is slow"),
    Fence {
        outside: "ureq",
        by: &["tests-e2e"],
        tests_by: &[],
        why: "a stranger's HTTP client: what is shipped dials by QUIC",
    },
    fence(
        "quinn",
        &["transport-link", "transport-viewer", "tests-harness", "tests-bench"],
        "what crosses the network is a message or a media object: the others use transport/link",
    ),
    fence("quinn-*", &["transport-link", "tests-harness"], "the others use transport/link"),
    fence("rustls", &["transport-link", "tests-harness", "tests-bench"], "certificates are verified in one place"),
    fence("rcgen", &["transport-link", "tests-harness", "tests-bench"], "certificates are made in one place"),
    fence("bincode", &["transport-wire"], "unmaintained, and unsafe without a limit: it stays behind the codec"),
    Fence {
        outside: "wincode",
        by: &[],
        tests_by: &["transport-wire"],
        why: "the second opinion on our bytes, in tests only until it replaces bincode",
    },
    fence("gstreamer*", &["media-pipeline"], "a control-only binary needs no GStreamer"),
    fence("image", &["media-pipeline"], "pictures of strangers are decoded in one place, within limits"),
    fence("wgpu*", &[], "media/scene names it, and there is none yet"),
    fence("winit", &["nodes-fusion"], "one window, that of `fusion view`, behind a feature"),
    fence("softbuffer", &["nodes-fusion"], "one window, that of `fusion view`, behind a feature"),
    fence("x11rb", &["tests-e2e", "tests-bench"], "a test's hands and eyes on a screen; the window itself has winit"),
    fence("redb", &["actors-store"], "the others see the Store trait"),
    fence("dashmap", &["actors-kernel"], "shared maps are the directory's alone: everything else has one owner"),
    fence("tonic*", &["tests-bench"], "a peer to measure against"),
    fence("prost*", &["tests-bench"], "a peer to measure against"),
    fence(
        "anyhow",
        &["nodes-fusion", "tests-harness", "tests-architecture", "tests-e2e", "tests-bench"],
        "programs and tests only: a library's errors are an enum that a caller can match",
    ),
];

/// Crates that decide and never act.
pub const PURE: &[&str] = &["actors-protocol", "actors-cores", "transport-wire", "transport-rfb", "media-share"];

/// What a pure crate may not reach, not even through others.
pub const IMPURE: &[&str] = &[
    "tokio*",
    "async-*",
    "actix*",
    "quinn*",
    "rustls*",
    "mio",
    "socket2",
    "gstreamer*",
    "wgpu*",
    "dashmap",
    "redb",
    "getrandom",
];

/// (a crate, what it may not reach through others either, why).
pub const BLIND: &[(&str, &[&str], &str)] = &[
    (
        "transport-viewer",
        &["actors-kernel", "actors-cores", "actix*", "gstreamer*", "redb"],
        "somebody embeds it in a program that knows nothing of actors",
    ),
    ("transport-link", &["actors-kernel", "actors-cores", "actix*"], "transport knows no actor, only the vocabulary"),
    ("actors-control", &["media-*", "gstreamer*"], "it starts an instance by sending a host CreateInstance"),
    ("media-session", &["media-pipeline", "gstreamer*", "wgpu*"], "it owns pipelines through the ports of media/share"),
    ("tests-harness", &["gstreamer*"], "the simulated network runs the true factory on fake ports"),
];

/// What the code of a pure crate may not say, and what to do instead.
pub const IMPURE_WORDS: &[(&str, &str)] = &[
    ("Instant", "time comes in as `now: Millis`"),
    ("SystemTime", "time comes in as `now: Millis`"),
    ("thread::", "a core has no thread: return an effect and let a shell act"),
    ("env::", "configuration comes in as a value"),
    ("fs::", "a core reads no file: bytes come in as a value"),
    ("process::", "a core starts and ends no process: return an effect"),
    ("UdpSocket", "a core has no socket: return an effect"),
    ("TcpStream", "a core has no socket: return an effect"),
    ("TcpListener", "a core has no socket: return an effect"),
    ("UnixStream", "a core has no socket: return an effect"),
    ("println!", "a core says nothing: return an effect, or let its state be inspected"),
    ("eprintln!", "a core says nothing: return an effect, or let its state be inspected"),
];

/// Collections whose order changes from run to run, so that a seed would not repeat what it did.
pub const UNORDERED: &[&str] = &["HashMap", "HashSet"];

/// The comment with which a file of a pure crate keeps one of [`UNORDERED`].
pub const LOOKUP_ONLY: &str = "// lookup only: ";

/// What does not survive the wire's codec, in `actors/protocol`.
pub const BANNED_SERDE: &[&str] = &["skip_serializing_if", "default", "flatten", "untagged", "tag =", "other"];

/// Lines in a source file, at most.
pub const LINES_MAX: usize = 450;

/// What may stand at the top of the repository, besides names that begin with a dot.
pub const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "CHANGELOG.md",
    "Makefile",
    "ARCHITECTURE.md",
    "actors",
    "transport",
    "media",
    "nodes",
    "fixtures",
    "tests",
    "docs",
];

/// Does `name` fit `pattern` (a name, or its beginning and a `*`)?
pub fn fits(name: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}
