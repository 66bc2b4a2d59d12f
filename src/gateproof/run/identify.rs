//! Asks hosts who they are, as every run does before it looks, and nothing else.

use std::collections::BTreeMap;

use crate::record::HostState;
use claim::{ClaimFile, Place};
use kit::redact::{Redacted, Redactor};
use reach::host::Fault;

use super::options::Options;
use super::places::Places;
use super::secrets;

/// What the hosts of a claim file with these names run now, in the form in which runs record it,
/// or why one cannot be asked. Each is reached once.
pub async fn ask_hosts(
    file: &ClaimFile,
    options: &Options,
    names: &[String],
) -> BTreeMap<String, Result<HostState, Fault>> {
    let places = Places::new(file, options, "");
    let redactor = Redactor::new(secrets::of(file));
    let mut told = BTreeMap::new();
    for name in names {
        let reached = places.reach(&Place::Host(name.clone())).await.map(|_| ());
        told.insert(name.clone(), reached);
    }
    let states = places.states();
    places.close().await;
    told.into_iter()
        .map(|(name, reached)| {
            let state = reached.and_then(|()| {
                let state = states.iter().find(|state| state.name == name);
                let state = state.ok_or_else(|| Fault::Other("it told nothing".to_owned()))?;
                // As in records: what is hidden there must not differ here.
                redactor
                    .clean(state)
                    .map(Redacted::into_inner)
                    .map_err(|error| Fault::Other(error.to_string()))
            });
            (name, state)
        })
        .collect()
}
