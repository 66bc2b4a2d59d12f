//! What hosts run now, found out as every run does before its first check, and nothing else.

use std::collections::BTreeMap;

use crate::record::HostState;
use claim::{ClaimFile, Place};
use kit::redact::Redacted;
use reach::host::Fault;

use super::options::Options;
use super::places::Places;
use super::secrets;

/// What the hosts of a claim file with these names run now, in the form in which runs record it,
/// or why one cannot be reached. Each is connected to once.
pub async fn host_states(
    file: &ClaimFile,
    options: &Options,
    names: &[String],
) -> BTreeMap<String, Result<HostState, Fault>> {
    let places = Places::new(file, options, "");
    secrets::learn(file);
    let mut reached_by_name = BTreeMap::new();
    for name in names {
        let reached = places.reach(&Place::Host(name.clone())).await.map(|_| ());
        reached_by_name.insert(name.clone(), reached);
    }
    let states = places.states();
    places.close().await;
    reached_by_name
        .into_iter()
        .map(|(name, reached)| {
            let state = reached.and_then(|()| {
                let state = states.iter().find(|state| state.name == name);
                let state = state.ok_or_else(|| Fault::Other("it reported nothing".to_owned()))?;
                // As in records: what is hidden there must not differ here.
                crate::secrets::redactor()
                    .clean(state)
                    .map(Redacted::into_inner)
                    .map_err(|error| Fault::Other(error.to_string()))
            });
            (name, state)
        })
        .collect()
}
