//! How an instance comes to be on a host: the registry of builders.
//!
//! A *builder* makes an instance inside this process: the binary fills the registry, a host looks builders up by the word in
//! `CreateInstance`. So a host can start a media service without knowing that there are media.
//!
//! Owns: the registry and the contract of a builder. Refuses: the services themselves (`nodes/services`), and deciding where
//! an instance runs (`actors/cores`).

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use actors_kernel::Node;
use actors_protocol::Address;
use actors_protocol::host::{CreateInstance, Offering};

/// What a builder knows of the host it builds on.
#[derive(Clone)]
pub struct Site {
    /// The node that will run the instance.
    pub node: Node,
    /// Where viewers reach the node.
    pub endpoint: std::net::SocketAddr,
    /// A DNS name of the node's certificate.
    pub server_name: String,
}

/// Why an instance could not be built, in words with the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(pub String);

/// An instance that was built: its factory lives on the host's node.
pub type Building = Pin<Box<dyn Future<Output = Result<Address, BuildError>>>>;

/// Makes instances of one kind.
pub trait Builder {
    /// The word for it: `clip`, `echo`.
    fn word(&self) -> &'static str;

    /// The parameters it understands, each with what it means. Others are refused before [`Builder::build`] is called.
    fn parameters(&self) -> &'static [(&'static str, &'static str)];

    /// The parameters it understands for each service of an instance ([`Offering::parameters`]), each with what it means.
    /// Others are refused before [`Builder::build`] is called.
    ///
    /// [`Offering::parameters`]: actors_protocol::host::Offering::parameters
    fn configuration_parameters(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Builds an instance on `site`. The host gives it up when it takes longer than the host's patience.
    fn build(&self, site: Site, create: CreateInstance) -> Building;
}

/// The builders of a host, by word.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<&'static str, Rc<dyn Builder>>);

impl Registry {
    /// Adds a builder; the last of a word counts.
    pub fn with(mut self, builder: impl Builder + 'static) -> Registry {
        self.0.insert(builder.word(), Rc::new(builder));
        self
    }

    /// The words, in order.
    pub fn words(&self) -> Vec<String> {
        self.0.keys().map(|word| (*word).to_owned()).collect()
    }

    /// The builder that `create` names, if its parameters are all known to it.
    pub fn find(&self, create: &CreateInstance) -> Result<Rc<dyn Builder>, BuildError> {
        let Some(builder) = self.0.get(create.builder.as_str()) else {
            let there = self.words().join(", ");
            return Err(BuildError(format!("there is no builder '{}' here; there is {there}", create.builder)));
        };
        let of_instance = (builder.parameters(), builder.configuration_parameters());
        check(&create.parameters, of_instance, |key| {
            format!("builder '{}' has no parameter '{key}' for an instance", create.builder)
        })?;
        for Offering { service, parameters, .. } in &create.offerings {
            let of_service = (builder.configuration_parameters(), builder.parameters());
            check(parameters, of_service, |key| {
                format!("builder '{}' has no parameter '{key}' for a service ({service})", create.builder)
            })?;
        }
        Ok(builder.clone())
    }
}

/// Parameters by word, each with its meaning.
type Known = &'static [(&'static str, &'static str)];

/// Refuses what is not among the first of `known`, naming what there is; what is among the second stands in the wrong place.
fn check(
    given: &BTreeMap<String, String>,
    known: (Known, Known),
    refusal: impl Fn(&str) -> String,
) -> Result<(), BuildError> {
    let (here, elsewhere) = known;
    let has = |list: Known, key: &str| list.iter().any(|(known, _)| *known == key);
    let Some(key) = given.keys().find(|key| !has(here, key)) else { return Ok(()) };
    let list: Vec<_> = here.iter().map(|(key, what)| format!("{key} ({what})")).collect();
    let list = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    let misplaced = if has(elsewhere, key) { "; it belongs to the other of the two, instance or service" } else { "" };
    Err(BuildError(format!("{}; there is {list}{misplaced}", refusal(key))))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Builder for Nothing {
        fn word(&self) -> &'static str {
            "nothing"
        }
        fn parameters(&self) -> &'static [(&'static str, &'static str)] {
            &[("colour", "of the nothing")]
        }
        fn configuration_parameters(&self) -> &'static [(&'static str, &'static str)] {
            &[("width", "pixels of nothing")]
        }
        fn build(&self, _: Site, _: CreateInstance) -> Building {
            Box::pin(async { Err(BuildError("nothing comes of nothing".into())) })
        }
    }

    fn create(builder: &str, key: &str) -> CreateInstance {
        CreateInstance {
            instance: "a".parse().expect("name"),
            zone: "z".parse().expect("name"),
            gateway: "z".parse().expect("name"),
            builder: builder.into(),
            offerings: vec![],
            slots: 1,
            parameters: [(key.to_owned(), "grey".to_owned())].into(),
            provisional: None,
        }
    }

    #[test]
    fn a_builder_is_found_by_its_word_and_refusals_name_what_there_is() {
        let registry = Registry::default().with(Nothing);
        assert!(registry.find(&create("nothing", "colour")).is_ok());
        let error = registry.find(&create("clip", "colour")).err().expect("no such builder").to_string();
        assert!(error.contains("'clip'") && error.contains("nothing"), "{error}");
        let error = registry.find(&create("nothing", "color")).err().expect("no such parameter").to_string();
        assert!(error.contains("'color'") && error.contains("colour (of the nothing)"), "{error}");
    }

    #[test]
    fn each_service_of_an_instance_has_parameters_of_its_own() {
        let registry = Registry::default().with(Nothing);
        let with = |key: &str| {
            let parameters = [(key.to_owned(), "640".to_owned())].into();
            let offering = Offering { service: "a.demo".parse().expect("name"), cap: None, parameters };
            CreateInstance { offerings: vec![offering], ..create("nothing", "colour") }
        };
        assert!(registry.find(&with("width")).is_ok());
        let error = registry.find(&with("wide")).err().expect("no such parameter").to_string();
        assert!(error.contains("'wide'") && error.contains("a.demo") && error.contains("width (pixels"), "{error}");
        let error = registry.find(&with("colour")).err().expect("not of a service").to_string();
        assert!(error.contains("width (pixels") && error.contains("other of the two"), "{error}");
        let error = registry.find(&create("nothing", "width")).err().expect("not of an instance").to_string();
        assert!(error.contains("colour (of") && error.contains("other of the two"), "{error}");
    }
}
