//! The claim language at the surface of the program: every construct at least once, with a twin
//! that must fail.

mod accepted;
mod can_fail;
mod clone;
mod closes;
mod corpus;
mod corpus_table;
mod http;
mod human;
mod kit;
mod matchers;
mod meanwhile;
mod outlive;
mod outputs;
mod secrets;
mod server;
mod shown;
mod side_by_side;
mod times;
mod timing;
mod told;
mod truth;
mod values;
mod waived;
