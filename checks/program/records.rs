//! Records that cannot be changed unnoticed: the program and the library on real repositories,
//! with real git and real `ssh-keygen`.
mod attested;
mod forged;
mod kit;
mod shown;
mod signed;
mod tampered;
mod times;
