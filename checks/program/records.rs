//! Records that cannot be changed unnoticed: the program and the library on real repositories,
//! with real git and real `ssh-keygen`.
mod agent;
mod attested;
mod dsse;
mod forged;
mod kit;
mod shown;
mod signed;
mod tampered;
mod times;
