//! The `gateproof` program.

fn main() -> std::process::ExitCode {
    gateproof::cli::main()
}
