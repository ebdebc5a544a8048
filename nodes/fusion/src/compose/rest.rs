//! REST on a node, in binaries that have it: the cargo feature `console`.
//!
//! Owns: saying so where it is missing. Refuses: everything else (`nodes/console`).

use std::net::SocketAddr;

use actors_kernel::Node;

/// REST that is served; dropping it ends it.
pub struct Rest {
    #[cfg(feature = "console")]
    console: nodes_console::Console,
    #[cfg(not(feature = "console"))]
    never: std::convert::Infallible,
}

impl Rest {
    /// Serves at `listen`.
    #[cfg(feature = "console")]
    pub fn start(node: &Node, listen: SocketAddr) -> anyhow::Result<Rest> {
        use crate::config::ConfigError;
        match nodes_console::Console::start(node, listen, super::draw) {
            Ok(console) => Ok(Rest { console }),
            Err(error @ nodes_console::ConsoleError::NotLoopback(_)) => {
                Err(ConfigError::Value(error.to_string()).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses: this binary has none.
    #[cfg(not(feature = "console"))]
    pub fn start(_: &Node, listen: SocketAddr) -> anyhow::Result<Rest> {
        let words = format!(
            "REST is to listen on {listen}, and this binary was built without the feature 'console'; leave [console] out"
        );
        Err(crate::config::ConfigError::Value(words).into())
    }

    /// Ends it.
    #[cfg(feature = "console")]
    pub fn stop(self) {
        drop(self.console);
    }

    /// There is nothing to end.
    #[cfg(not(feature = "console"))]
    pub fn stop(self) {
        match self.never {}
    }

    /// Where it is served.
    #[cfg(feature = "console")]
    pub fn url(&self) -> String {
        format!("http://{}", self.console.listen())
    }

    /// Nowhere.
    #[cfg(not(feature = "console"))]
    pub fn url(&self) -> String {
        match self.never {}
    }
}
